// Everything that owns a ZeroMQ socket, and the rules about who is heard. [loop]
#pragma once

#include <poll.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "listener.hpp"
#include "peer_link.hpp"
#include "sequence_window.hpp"
#include "zap.hpp"

namespace clusterkit::zmq {

struct PeerSpec {
  std::shared_ptr<Peer> peer;
  std::string endpoint;  // as declared: when it stays the same, a live connection is kept
  Target target;         // no address: the name behind the endpoint is still looked up
  std::string problem;   // why it can never be reached as declared; empty = none
};

// Bytes handed to the host and not dropped by it yet. Outlives the instance, as the buffers do. [any]
struct ReceiveBudget {
  std::array<std::atomic<std::uint64_t>, CK_LANE_COUNT> used{};
};

class Exchange {
 public:
  // Makes the sockets and binds. Throws Error.
  Exchange(Host host, const Settings& settings, std::uint64_t localMember,
           std::shared_ptr<std::atomic<std::uint64_t>> refused);

  const Endpoint& bound() const { return bound_; }

  void setPeers(std::vector<PeerSpec> specs);
  void setAddress(std::uint64_t member, const std::string& endpoint, const std::string& address,
                  const std::string& problem);
  // True when there is something to look at: service() soon.
  bool enqueue(Outgoing::Ptr message);

  // Does what can be done now, at most a batch of incoming messages; true when there is more to do at once.
  // `woken` is what addWaits gave, after poll(2).
  bool service(const std::vector<pollfd>& woken);
  void addWaits(std::vector<pollfd>& out);
  std::uint64_t socketsMade() const { return wiring_.monitors + wiring_.dealers; }
  std::uint64_t deadline() const;
  std::vector<Upcall> takeUpcalls() { return std::exchange(wiring_.upcalls, {}); }

 private:
  struct Member {
    std::string endpoint, key;
    std::shared_ptr<Peer> peer;
    std::unique_ptr<PeerLink> link;
    std::array<SequenceWindow, CK_LANE_COUNT> received;
    std::size_t firstWait = 0, endWait = 0;  // its share of what addWaits gave
  };

  void declare(const PeerSpec& spec, std::uint64_t now);
  void onFrame(Listener::Frame& frame, std::uint64_t now);
  void onHello(Listener::Frame& frame, Member* sender, std::uint64_t now);
  void deliver(Listener::Frame& frame, Member& sender);
  bool admits(const std::string& key) const;

  Wiring wiring_;
  Listener listener_;
  std::optional<ZapHandler> zap_;
  Endpoint bound_;
  std::map<std::uint64_t, Member> members_;
  std::shared_ptr<ReceiveBudget> budget_ = std::make_shared<ReceiveBudget>();
};

}  // namespace clusterkit::zmq
