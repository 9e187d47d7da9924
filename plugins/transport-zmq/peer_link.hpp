// Our outgoing side towards one peer: a connection per lane. [loop]
//
// The control connection decides. It says hello; only an acknowledgement with the expected member id, over
// that same connection, makes the link up. Then the other two lanes connect. When the control connection
// ends, all three are closed and dialled anew, so nothing is ever sent on a connection whose far side was not
// asked.
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <optional>

#include "dealer.hpp"
#include "lane.hpp"

namespace clusterkit::zmq {

class PeerLink {
 public:
  PeerLink(Wiring& wiring, std::shared_ptr<Peer> peer);

  // Drops what is connected and connects to the target. What waits in the lanes stays.
  void dial(const Target& target, std::uint64_t now);
  // A name look-up has ended. A link that is up stays as it is.
  void resolved(const std::string& address, const std::string& problem, std::uint64_t now);
  // There is nowhere to connect to; told once as the reason for being down.
  void unreachable(ck_status status, const std::string& why);

  // True when service() should run soon; otherwise the message is on its way or waits for something watched.
  bool enqueue(Outgoing::Ptr message, std::uint64_t now);
  // The peer seems to have restarted: is our connection to it still alive? Answered soon, or dialled anew.
  void probe(std::uint64_t now);

  // Does what can be done now; unless dirty() then, one may sleep on addWaits() until deadline().
  void service(std::uint64_t now);
  void addWaits(std::vector<pollfd>& out) const;
  std::uint64_t deadline() const;  // ns on the host's clock; UINT64_MAX = none
  bool dirty() const { return dirty_; }
  bool needsService(std::uint64_t now) const { return dirty_ || now >= deadline() || hasCreditNews(); }

  // The peer is removed: tells whoever waits for room that nothing will be refused any more.
  void releaseWaiters();

 private:
  enum class State { idle, connecting, greeting, up };
  struct Connection {
    ::zmq::socket_t dealer;
    bool blocked = false;          // wants to send and cannot
    std::uint64_t quietSince = 0;  // when blocked: the last time that libzmq held anything of this lane
  };

  void guard(std::uint64_t now, void (PeerLink::*work)(std::uint64_t));
  void step(std::uint64_t now);
  void open(std::uint64_t now);
  void closeAll();
  void closeAndRetry(std::uint64_t now, std::uint64_t delay);
  void readMonitor(std::uint64_t now);
  void startGreeting(std::uint64_t now);
  void sayHello();
  void readReplies(std::uint64_t now);
  void becomeUp(std::uint64_t now);
  void fallDown(ck_status status, const std::string& why);
  void flush(std::uint32_t lane, std::uint64_t now);
  void reopenStuckLane(std::uint32_t lane, std::uint64_t now);
  void checkDeadlines(std::uint64_t now);
  void sweepExpired(std::uint64_t now);
  void reportRefills();
  bool hasCreditNews() const;
  bool awaitsReply() const { return state_ == State::greeting || probing_; }

  Wiring& wiring_;
  const std::shared_ptr<Peer> peer_;
  const std::uint64_t incarnation_;  // new with each link: the receiver counts our messages per incarnation
  std::array<Lane, CK_LANE_COUNT> lanes_;
  Target target_;
  State state_ = State::idle;
  std::array<std::optional<Connection>, CK_LANE_COUNT> connections_;
  std::optional<Monitor> monitor_;
  std::uint64_t nonce_ = 0;  // of the hello that we wait for
  bool dirty_ = false;       // something waits for service() that no descriptor tells of
  bool helloUnsent_ = false;
  bool probing_ = false;
  std::uint64_t answerBy_ = 0;  // 0 = no deadline, for all of these
  std::uint64_t reopenAt_ = 0;
  std::uint64_t askAddressAt_ = 0;
  std::uint64_t sweepAt_ = 0;  // expired messages hold the room that somebody waits for
  std::string lastReason_;
};

}  // namespace clusterkit::zmq
