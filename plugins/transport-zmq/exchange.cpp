#include "exchange.hpp"

#include <algorithm>
#include <limits>

namespace clusterkit::zmq {
namespace {

// Messages read before the loop turns to other work and what they bring is handed on.
constexpr int receiveBatch = 64;

// A received message that the host holds; its bytes stay where libzmq put them.
struct Inbound {
  ::zmq::message_t bytes;
  std::shared_ptr<ReceiveBudget> budget;
  std::uint8_t lane;
  std::uint64_t cost;
};

Buffer handOver(::zmq::message_t bytes, const std::shared_ptr<ReceiveBudget>& budget, std::uint8_t lane) {
  const std::uint64_t cost = bytes.size();
  budget->used[lane].fetch_add(cost);
  auto* owner = new Inbound{std::move(bytes), budget, lane, cost};
  const auto* data = static_cast<const std::uint8_t*>(owner->bytes.data());
  return Buffer(ck_buf{data + frameHeaderSize, cost - frameHeaderSize, owner, [](ck_buf* self) noexcept {
                         auto* held = static_cast<Inbound*>(self->owner);
                         held->budget->used[held->lane].fetch_sub(held->cost);
                         delete held;
                         *self = ck_buf{};
                       }});
}

}  // namespace

Exchange::Exchange(Host host, const Settings& settings, std::uint64_t localMember,
                   std::shared_ptr<std::atomic<std::uint64_t>> refused)
    : wiring_(host, settings, std::move(refused)), listener_(wiring_) {
  wiring_.localMember = localMember;
  if (settings.keys.present()) zap_.emplace(wiring_);
  bound_ = listener_.bind(settings.listen);
}

void Exchange::setPeers(std::vector<PeerSpec> specs) {
  const std::uint64_t now = wiring_.host.now();
  std::set<std::uint64_t> wanted;
  for (const PeerSpec& spec : specs) wanted.insert(spec.peer->member);
  for (auto it = members_.begin(); it != members_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
    } else {
      it->second.link->releaseWaiters();
      it = members_.erase(it);
    }
  }
  for (const PeerSpec& spec : specs) declare(spec, now);
}

void Exchange::declare(const PeerSpec& spec, std::uint64_t now) {
  Member& member = members_[spec.peer->member];
  const bool fresh = member.link == nullptr;
  if (fresh) {
    member.peer = spec.peer;
    member.link = std::make_unique<PeerLink>(wiring_, spec.peer);
  }
  if (!fresh && member.endpoint == spec.endpoint && member.key == spec.target.key) return;
  member.endpoint = spec.endpoint;
  member.key = spec.target.key;
  if (!spec.problem.empty())
    member.link->unreachable(CK_INVALID, spec.problem);
  else
    member.link->dial(spec.target, now);
}

void Exchange::setAddress(std::uint64_t member, const std::string& endpoint, const std::string& address,
                          const std::string& problem) {
  const auto it = members_.find(member);
  if (it == members_.end() || it->second.endpoint != endpoint) return;
  it->second.link->resolved(address, problem, wiring_.host.now());
}

bool Exchange::enqueue(Outgoing::Ptr message) {
  const auto it = members_.find(message->peer()->member);
  // The peer was removed, or removed and declared again, after the message was taken.
  if (it == members_.end() || it->second.peer != message->peer()) return false;
  return it->second.link->enqueue(std::move(message), wiring_.host.now());
}

bool Exchange::service(const std::vector<pollfd>& woken) {
  const std::uint64_t now = wiring_.host.now();
  if (zap_) zap_->service([this](const std::string& key) { return admits(key); });
  int read = 0;
  for (; read < receiveBatch; ++read) {
    auto frame = listener_.next();
    if (!frame) break;
    onFrame(*frame, now);
  }
  bool more = read == receiveBatch;
  for (auto& [id, member] : members_) {
    bool needed = member.link->needsService(now);
    for (std::size_t i = member.firstWait; i < member.endWait && i < woken.size() && !needed; ++i)
      needed = woken[i].revents != 0;
    if (needed) member.link->service(now);
    more = more || member.link->dirty();
  }
  return more;
}

void Exchange::onFrame(Listener::Frame& frame, std::uint64_t now) {
  if (!frame.header || frame.header->kind == FrameKind::helloAck)
    return wiring_.refusals.note(Refusal::malformed, 0);
  const FrameHeader& header = *frame.header;
  const auto it = members_.find(header.from);
  Member* sender = it == members_.end() ? nullptr : &it->second;
  // With keys a member is whoever proves the key it was declared with, whatever the frame says.
  if (sender != nullptr && wiring_.settings.keys.present() && sender->key != frame.key)
    return wiring_.refusals.note(Refusal::stranger, header.from);
  if (header.kind == FrameKind::hello) return onHello(frame, sender, now);
  if (sender == nullptr) return wiring_.refusals.note(Refusal::stranger, header.from);
  if (header.to != wiring_.localMember) return wiring_.refusals.note(Refusal::misrouted, header.from);
  deliver(frame, *sender);
}

// Anybody who may connect is told which member is here: it changes nothing, and a node that is about to be
// declared can be tried first. A hello for another member is answered too, so that the asker learns of its
// error.
void Exchange::onHello(Listener::Frame& frame, Member* sender, std::uint64_t now) {
  const FrameHeader& hello = *frame.header;
  const bool restarted = sender != nullptr && hello.to == wiring_.localMember &&
                         !sender->received[CK_LANE_CONTROL].knows(hello.session);
  listener_.acknowledge(frame);
  if (restarted) sender->link->probe(now);
}

void Exchange::deliver(Listener::Frame& frame, Member& sender) {
  const FrameHeader& header = *frame.header;
  const auto verdict = sender.received[header.lane].note(header.session, header.sequence);
  if (!verdict.fresh) return wiring_.refusals.note(Refusal::stale, header.from);
  if (verdict.lost != 0) wiring_.refusals.noteLost(verdict.lost);
  const std::uint64_t held = budget_->used[header.lane].load();
  if (held != 0 && held + frame.bytes.size() > wiring_.settings.receiveBytes)
    return wiring_.refusals.note(Refusal::overflow, header.from);
  PeerCounters& counters = sender.peer->counters;
  counters.received.fetch_add(1, std::memory_order_relaxed);
  counters.receivedBytes.fetch_add(frame.bytes.size() - frameHeaderSize, std::memory_order_relaxed);
  wiring_.upcalls.emplace_back(
      Received{header.from, header.lane, handOver(std::move(frame.bytes), budget_, header.lane)});
}

bool Exchange::admits(const std::string& key) const {
  if (wiring_.settings.authorizedKeys.contains(key)) return true;
  return std::any_of(members_.begin(), members_.end(), [&](const auto& m) { return m.second.key == key; });
}

void Exchange::addWaits(std::vector<pollfd>& out) {
  out.push_back({listener_.descriptor(), POLLIN, 0});
  if (zap_) out.push_back({zap_->descriptor(), POLLIN, 0});
  for (auto& [id, member] : members_) {
    member.firstWait = out.size();
    member.link->addWaits(out);
    member.endWait = out.size();
  }
}

std::uint64_t Exchange::deadline() const {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  for (const auto& [id, member] : members_) first = std::min(first, member.link->deadline());
  return first;
}

}  // namespace clusterkit::zmq
