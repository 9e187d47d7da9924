// One started node on a hub. Everything that reaches it from another station comes by a post to its own host,
// so with a simulated host the whole network runs on the simulation's one thread and clock.
#pragma once

#include <clusterkit/transport.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "flow.hpp"
#include "hub.hpp"

namespace clusterkit::inproc {

struct Limits {
  std::uint64_t maxMessage = 0;
  std::uint64_t queueBytes = 0;  // under way per peer and lane
};

// A message on its way. Holds its share of the flow until it is delivered or dropped.
struct Parcel {
  Parcel(Host h, std::weak_ptr<Station> s, std::shared_ptr<Flow> f)
      : sender(h), from(std::move(s)), flow(std::move(f)) {}
  ~Parcel();
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  bool expired() const { return expiresAt != 0 && sender.now() >= expiresAt; }

  Host sender;  // valid until the process ends, unlike the station
  std::weak_ptr<Station> from;
  std::shared_ptr<Flow> flow;
  std::uint64_t fromMember = 0, toMember = 0;
  std::uint32_t lane = 0;
  std::uint64_t expiresAt = 0;  // on the sender's clock
  std::uint64_t cost = 0;       // reserved in the flow
  std::string bytes;
};

class Station : public std::enable_shared_from_this<Station> {
 public:
  Station(Host host, std::shared_ptr<Hub> hub, Limits limits, std::uint64_t member, std::string endpoint);

  void open();  // throws Error(CK_CONFLICT) when the endpoint is taken
  void close();

  void setPeers(const std::map<std::uint64_t, std::string>& wanted);
  ck_status send(const ck_message& message);
  ck_status stats(std::uint64_t member, ck_peer_stats& out) const;  // [any]

  std::uint64_t member() const { return member_; }
  const Host& host() const { return host_; }

 private:
  struct Remote {
    std::string endpoint;
    std::shared_ptr<Flow> flow;
    std::weak_ptr<Station> station;  // where we are connected to
    bool up = false;
    bool strangerTold = false;
    std::deque<std::shared_ptr<Parcel>> waiting;  // for the peer to appear
  };
  friend struct Parcel;

  void tellNeighbours();
  void recheckSoon();
  void recheck();
  void recheck(std::uint64_t member, Remote& remote);
  void transmit(Station& to, const std::shared_ptr<Parcel>& parcel);
  void dispatch(Station& to, const std::shared_ptr<Parcel>& parcel, std::uint64_t delay);
  void arrive(const std::shared_ptr<Parcel>& parcel);
  void sweepExpired(Remote& remote);
  void sweepAt(std::uint64_t when);
  void report(std::uint64_t member, std::int32_t up, ck_status status, const char* why);
  bool chance(std::uint32_t ppm) const;

  const Host host_;
  const ck_transport_host_1* const upcalls_;
  const std::shared_ptr<Hub> hub_;
  const Limits limits_;
  const std::uint64_t member_;
  const std::string endpoint_;
  bool closed_ = true;
  std::uint64_t nextSweep_ = 0;

  mutable std::mutex peersMutex_;            // stats may come from any thread
  std::map<std::uint64_t, Remote> remotes_;  // changed on the loop only, under the mutex
  ck_peer_stats departed_{};                 // of removed and unknown peers, under the mutex
};

}  // namespace clusterkit::inproc
