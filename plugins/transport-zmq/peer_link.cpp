#include "peer_link.hpp"

#include <algorithm>
#include <limits>

namespace clusterkit::zmq {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t greetingTime = 2000 * ms;  // for an answer to the first hello
constexpr std::uint64_t probeTime = 200 * ms;      // for an answer to a probe: below an election timeout
constexpr std::uint64_t retryDelay = 100 * ms;     // after a connection that came to nothing
constexpr std::uint64_t refusedDelay = 1000 * ms;  // after an answer that will not change by itself
constexpr std::uint64_t askAddressEvery = 1000 * ms;
constexpr std::uint64_t sweepEvery = 100 * ms;
constexpr std::uint64_t stuckTime = 3000 * ms;

FrameHeader headerOf(std::uint64_t from, std::uint64_t to, std::uint64_t incarnation, std::uint32_t lane) {
  return {FrameKind::data, static_cast<std::uint8_t>(lane), from, to, incarnation, 0};
}

}  // namespace

PeerLink::PeerLink(Wiring& wiring, std::shared_ptr<Peer> peer)
    : wiring_(wiring),
      peer_(std::move(peer)),
      incarnation_(wiring.randomNumber()),
      lanes_{Lane(headerOf(wiring.localMember, peer_->member, incarnation_, CK_LANE_CONTROL), peer_),
             Lane(headerOf(wiring.localMember, peer_->member, incarnation_, CK_LANE_LOG), peer_),
             Lane(headerOf(wiring.localMember, peer_->member, incarnation_, CK_LANE_BULK), peer_)} {}

void PeerLink::dial(const Target& target, std::uint64_t now) {
  fallDown(CK_UNAVAILABLE, "the address has changed");
  target_ = target;
  lastReason_.clear();
  guard(now, &PeerLink::open);
}

void PeerLink::resolved(const std::string& address, const std::string& problem, std::uint64_t now) {
  if (state_ == State::up) return;
  if (!problem.empty()) return fallDown(CK_NOT_FOUND, problem);
  if (address != target_.address) dial({address, target_.key, true}, now);
}

void PeerLink::unreachable(ck_status status, const std::string& why) {
  closeAll();
  target_ = {};
  askAddressAt_ = 0;
  fallDown(status, why);
}

bool PeerLink::enqueue(Outgoing::Ptr message, std::uint64_t now) {
  const std::uint32_t lane = message->lane();
  const bool first = lanes_[lane].empty();
  lanes_[lane].push(std::move(message));
  if (state_ != State::up || !first) return false;
  if (lane == CK_LANE_CONTROL && awaitsReply()) {
    // A send looks into the socket's mailbox and would swallow the signal that the reply is there.
    dirty_ = true;
    return true;
  }
  try {
    flush(lane, now);
  } catch (const ::zmq::error_t&) {
    closeAndRetry(now, retryDelay);
    return true;
  }
  return connections_[lane] && connections_[lane]->blocked;
}

void PeerLink::probe(std::uint64_t now) {
  if (state_ != State::up || probing_) return;
  nonce_ = wiring_.randomNumber();
  probing_ = helloUnsent_ = dirty_ = true;
  answerBy_ = now + probeTime;
}

void PeerLink::service(std::uint64_t now) { guard(now, &PeerLink::step); }

// A socket error (no descriptor left, a context that is going down) costs this link a retry, not the thread.
void PeerLink::guard(std::uint64_t now, void (PeerLink::*work)(std::uint64_t)) {
  try {
    (this->*work)(now);
  } catch (const ::zmq::error_t& e) {
    fallDown(CK_IO, std::string("ZeroMQ: ") + e.what());
    closeAndRetry(now, refusedDelay);
  }
}

void PeerLink::step(std::uint64_t now) {
  dirty_ = false;
  readMonitor(now);
  if (helloUnsent_) sayHello();
  if (awaitsReply()) readReplies(now);
  if (state_ == State::up)
    for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane) flush(lane, now);
  checkDeadlines(now);
  reportRefills();
}

void PeerLink::open(std::uint64_t now) {
  closeAll();
  if (target_.named && askAddressAt_ == 0) askAddressAt_ = now + askAddressEvery;
  if (target_.address.empty()) return;
  connections_[CK_LANE_CONTROL].emplace(Connection{makeDealer(wiring_, CK_LANE_CONTROL, target_)});
  ::zmq::socket_t& control = connections_[CK_LANE_CONTROL]->dealer;
  monitor_.emplace(wiring_, control);
  connectTo(control, target_);
  state_ = State::connecting;
  dirty_ = true;  // a socket signals its descriptor only after it was once found empty
}

void PeerLink::closeAll() {
  monitor_.reset();
  for (auto& connection : connections_) connection.reset();
  state_ = State::idle;
  helloUnsent_ = probing_ = false;
  answerBy_ = reopenAt_ = 0;
}

void PeerLink::closeAndRetry(std::uint64_t now, std::uint64_t delay) {
  closeAll();
  if (!target_.address.empty()) reopenAt_ = now + delay;
}

void PeerLink::readMonitor(std::uint64_t now) {
  while (monitor_) {
    const auto event = monitor_->next();
    if (!event) return;
    switch (*event) {
      case ConnectionEvent::ready: startGreeting(now); break;
      case ConnectionEvent::refused:
        fallDown(CK_DENIED, "the other side refuses our key");
        closeAndRetry(now, refusedDelay);
        break;
      case ConnectionEvent::lost: {
        // libzmq would redial by itself, but not after every kind of end; a new socket is always clean.
        const bool worked = state_ == State::up;
        fallDown(CK_UNAVAILABLE, "the connection was lost");
        worked ? open(now) : closeAndRetry(now, retryDelay);
        break;
      }
    }
  }
}

void PeerLink::startGreeting(std::uint64_t now) {
  state_ = State::greeting;
  nonce_ = wiring_.randomNumber();
  helloUnsent_ = true;
  answerBy_ = now + greetingTime;
  sayHello();
}

void PeerLink::sayHello() {
  ::zmq::socket_t& control = connections_[CK_LANE_CONTROL]->dealer;
  if (!canSend(control)) return;
  ::zmq::message_t hello(frameHeaderSize);
  encode({FrameKind::hello, CK_LANE_CONTROL, wiring_.localMember, peer_->member, incarnation_, nonce_},
         static_cast<std::uint8_t*>(hello.data()));
  if (control.send(hello, ::zmq::send_flags::dontwait)) helloUnsent_ = false;
}

void PeerLink::readReplies(std::uint64_t now) {
  ::zmq::message_t reply;
  while (connections_[CK_LANE_CONTROL]->dealer.recv(reply, ::zmq::recv_flags::dontwait)) {
    const auto header = decode(static_cast<const std::uint8_t*>(reply.data()), reply.size());
    if (!header || header->kind != FrameKind::helloAck || header->sequence != nonce_) continue;
    if (header->from == peer_->member) return becomeUp(now);
    fallDown(CK_DENIED, "another member answers at this address");
    return closeAndRetry(now, refusedDelay);
  }
}

void PeerLink::becomeUp(std::uint64_t now) {
  probing_ = helloUnsent_ = false;
  answerBy_ = askAddressAt_ = 0;
  if (state_ == State::up) return;
  state_ = State::up;
  lastReason_.clear();
  peer_->counters.up.store(true, std::memory_order_relaxed);
  peer_->counters.connects.fetch_add(1, std::memory_order_relaxed);
  wiring_.upcalls.emplace_back(PeerChanged{peer_->member, true, CK_OK, ""});
  for (std::uint32_t lane = CK_LANE_LOG; lane < CK_LANE_COUNT; ++lane) {
    connections_[lane].emplace(Connection{makeDealer(wiring_, lane, target_), false, now});
    connectTo(connections_[lane]->dealer, target_);
  }
}

// Told when it was up, and when the reason is one that somebody has to do something about.
void PeerLink::fallDown(ck_status status, const std::string& why) {
  const bool wasUp = peer_->counters.up.exchange(false, std::memory_order_relaxed);
  if (state_ == State::up) state_ = State::idle;
  const bool actionable = status == CK_DENIED || status == CK_INVALID || status == CK_NOT_FOUND;
  if (wasUp || (actionable && why != lastReason_))
    wiring_.upcalls.emplace_back(PeerChanged{peer_->member, false, status, why});
  if (actionable) lastReason_ = why;
}

void PeerLink::flush(std::uint32_t lane, std::uint64_t now) {
  auto& connection = connections_[lane];
  if (!connection) return;
  const bool wasBlocked = connection->blocked;
  connection->blocked = !lanes_[lane].flush(connection->dealer, now);
  if (connection->blocked && !wasBlocked) connection->quietSince = now;
}

// libzmq redials these two lanes by itself, except after a protocol or key error: then the socket is dead for
// good and nobody says so. Recognized by messages that wait while libzmq holds none.
void PeerLink::reopenStuckLane(std::uint32_t lane, std::uint64_t now) {
  auto& connection = connections_[lane];
  if (!connection || !connection->blocked || now < connection->quietSince + stuckTime) return;
  connection->quietSince = now;
  if (peer_->credit[lane].used() > lanes_[lane].waitingBytes()) return;
  connection.reset();
  connection.emplace(Connection{makeDealer(wiring_, lane, target_), true, now});
  connectTo(connection->dealer, target_);
}

void PeerLink::checkDeadlines(std::uint64_t now) {
  if (answerBy_ != 0 && now >= answerBy_) {
    const bool wasProbe = probing_;
    fallDown(CK_TIMEOUT, "no answer to a hello");
    wasProbe ? open(now) : closeAndRetry(now, retryDelay);
  }
  if (reopenAt_ != 0 && now >= reopenAt_) open(now);
  if (askAddressAt_ != 0 && now >= askAddressAt_) {
    wiring_.upcalls.emplace_back(AddressNeeded{peer_->member});
    askAddressAt_ = now + askAddressEvery;
  }
  if (state_ == State::up)
    for (std::uint32_t lane = CK_LANE_LOG; lane < CK_LANE_COUNT; ++lane) reopenStuckLane(lane, now);
  sweepExpired(now);
}

// While somebody waits for room, what has expired must not occupy it.
void PeerLink::sweepExpired(std::uint64_t now) {
  const bool starved = std::any_of(peer_->credit.begin(), peer_->credit.end(),
                                   [](const LaneCredit& c) { return c.starved(); });
  if (starved && now >= sweepAt_) {
    for (Lane& lane : lanes_) lane.dropExpired(now);
    sweepAt_ = now + sweepEvery;
  }
  if (!starved) sweepAt_ = 0;
}

void PeerLink::reportRefills() {
  for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane)
    if (peer_->credit[lane].takeRefilled()) wiring_.upcalls.emplace_back(LaneWritable{peer_->member, lane});
}

bool PeerLink::hasCreditNews() const {
  return std::any_of(peer_->credit.begin(), peer_->credit.end(),
                     [&](const LaneCredit& c) { return c.refilled() || (sweepAt_ == 0 && c.starved()); });
}

void PeerLink::releaseWaiters() {
  for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane) {
    const bool refilled = peer_->credit[lane].takeRefilled();
    if (peer_->credit[lane].takeStarved() || refilled)
      wiring_.upcalls.emplace_back(LaneWritable{peer_->member, lane});
  }
}

void PeerLink::addWaits(std::vector<pollfd>& out) const {
  if (monitor_) out.push_back({monitor_->descriptor(), POLLIN, 0});
  for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane) {
    const auto& connection = connections_[lane];
    if (!connection) continue;
    const bool replies = lane == CK_LANE_CONTROL && awaitsReply();
    if (connection->blocked || replies) out.push_back({descriptorOf(connection->dealer), POLLIN, 0});
  }
}

std::uint64_t PeerLink::deadline() const {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t at : {answerBy_, reopenAt_, askAddressAt_, sweepAt_})
    if (at != 0) first = std::min(first, at);
  for (std::uint32_t lane = CK_LANE_LOG; lane < CK_LANE_COUNT; ++lane)
    if (connections_[lane] && connections_[lane]->blocked)
      first = std::min(first, connections_[lane]->quietSince + stuckTime);
  return first;
}

}  // namespace clusterkit::zmq
