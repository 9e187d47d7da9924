// transport/1 over ZeroMQ: the part that runs on the node loop. Checks what the host asks for, bounds what
// waits, and hands the rest to the sockets (io_loop.hpp).
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "io_loop.hpp"
#include "resolver.hpp"

namespace clusterkit::zmq {

class ZmqTransport : public Transport {
 public:
  static constexpr const ck_option* options = zmq::options;

  explicit ZmqTransport(const Setup& setup);
  ~ZmqTransport() override;

  Local start(std::uint64_t localMember) override;
  ck_status setPeers(const ck_peer* peers, std::uint64_t count) override;
  ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) override;
  ck_status stats(std::uint64_t member, ck_peer_stats& out) override;
  std::uint64_t maxMessage() const override { return settings_.maxMessage; }
  void stop(ck_token token) override;

 private:
  struct Declared {
    std::shared_ptr<Peer> peer;
    std::string endpoint;
    Endpoint parsed;
    bool resolving = false;
  };

  std::string advertised(const Endpoint& bound) const;
  PeerSpec describe(const ck_peer& peer, Declared& declared) const;
  ck_status sendOne(const ck_message& message, std::vector<Outgoing::Ptr>& taken);
  void lookUp(std::uint64_t member);

  const Host host_;
  const Settings settings_;
  const std::shared_ptr<Waker> waker_;
  std::uint64_t localMember_ = 0;
  bool stopping_ = false;

  mutable std::mutex peersMutex_;               // stats may come from any thread
  std::map<std::uint64_t, Declared> declared_;  // changed on the loop only, under the mutex
  PeerCounters departed_;                       // of peers that were removed, and of unknown ones
  const std::shared_ptr<std::atomic<std::uint64_t>> refused_;  // frames of strangers and worse

  Resolver resolver_;
  std::shared_ptr<ZmqTransport*> self_ =
      std::make_shared<ZmqTransport*>(this);  // for posts that may come late
  std::unique_ptr<IoLoop> io_;
};

}  // namespace clusterkit::zmq
