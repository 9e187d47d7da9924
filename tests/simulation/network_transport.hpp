// The component "simulated" of kind transport: one run of a member on the Network.
#pragma once

#include <clusterkit/transport.hpp>

#include "simulation/network.hpp"
#include "simulation/power.hpp"
#include "simulation/versions.hpp"
#include "simulation/witness.hpp"

namespace clusterkit::sim {

// What an instance gets through its configuration.
struct NetworkTransportParts {
  Network& network;
  Power& power;
  Witness& witness;
  const Disk& disk;
  Dice& dice;
  Version version;
};

class NetworkTransport final : public Transport {
 public:
  explicit NetworkTransport(const Setup& setup);
  ~NetworkTransport() override;

  Local start(std::uint64_t localMember) override;
  ck_status setPeers(const ck_peer* peers, std::uint64_t count) override;
  ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) override;
  ck_status stats(std::uint64_t member, ck_peer_stats& out) override;
  std::uint64_t maxMessage() const override { return 64 << 20; }
  void stop(ck_token token) override;

  // From the network.
  bool knows(MemberId peer) const { return peers_.contains(peer); }
  void receive(MemberId from, std::uint32_t lane, Letter::Ptr letter);
  void peer(MemberId member, bool up);

 private:
  const Host host_;
  const NetworkTransportParts parts_;
  const ck_transport_host_1* const upcalls_;
  MemberId self_;
  MemberSet peers_;
};

const ck_component& networkTransportComponent();

}  // namespace clusterkit::sim
