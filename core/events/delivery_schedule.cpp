#include "events/delivery_schedule.hpp"

#include <algorithm>
#include <utility>

#include "cluster/planted.hpp"

namespace clusterkit {
namespace {

// What a concurrent sink may have begun or be held up by, for each delivery at once.
constexpr std::size_t windowPerDelivery = 8;

std::shared_ptr<const ClusterEvent> gapEvent(const ClusterState& state, EventSeq from, EventSeq to) {
  auto event = std::make_shared<ClusterEvent>();
  event->seq = to;
  event->index = state.appliedIndex;
  event->epoch = state.mapEpoch();
  event->stamp = state.lastStamp;
  event->id = eventId(state.facts->idAt(to), to);
  event->body = Gap{from, to};
  return event;
}

EventSeq after(EventSeq seq) { return EventSeq(seq.value + 1); }
EventSeq before(EventSeq seq) { return EventSeq(seq.value - 1); }

}  // namespace

DeliverySchedule::DeliverySchedule(DeliveryRules rules, const SinkCursor& cursor) : rules_(std::move(rules)) {
  moveTo(cursor);
}

std::size_t DeliverySchedule::window() const {
  return rules_.concurrency == 1 ? 1 : rules_.concurrency * windowPerDelivery;
}

bool DeliverySchedule::wants(const ClusterEvent& event) const {
  return rules_.types.empty() || rules_.types.count(eventType(event.body)) != 0;
}

std::string DeliverySchedule::laneOf(const ClusterEvent& event) const {
  if (rules_.concurrency == 1) return {};
  const auto& body = event.body;
  const bool ofOneThing =
      std::holds_alternative<PartitionChange>(body) || std::holds_alternative<PartitionReleased>(body) ||
      std::holds_alternative<PartitionReady>(body) || std::holds_alternative<ValueChange>(body) ||
      std::holds_alternative<ServiceChange>(body);
  return ofOneThing ? eventSubject(body) : std::string();
}

void DeliverySchedule::scan(const ClusterState& state) {
  while (pending_.size() < window()) {
    const EventSeq seq = after(scanned_);
    if (seq >= state.nextEvent) break;
    const EventSeq oldest = state.oldestEvent();
    if (seq < oldest) {
      const EventSeq last = before(oldest);
      if (planted(StateDefect::LostEventsNotTold)) {
        scanned_ = last;
        continue;
      }
      admit(last, gapEvent(state, seq, last), seq);
      continue;
    }
    scanned_ = seq;
    const auto* event = state.events.find(seq);
    const bool doneBefore = doneAbove_.erase(seq) != 0;
    if (event == nullptr || !wants(**event)) continue;
    admit(seq, *event, seq);
    // It keeps its place until those before it are done: the next cursor must name it again.
    if (!doneBefore) continue;
    pending_.at(seq).step = Step::Done;
    dropDone();  // at the head it is in nobody's way, and takes up none of the window
  }
}

void DeliverySchedule::admit(EventSeq seq, std::shared_ptr<const ClusterEvent> event, EventSeq begin) {
  Pending pending;
  pending.lane = laneOf(*event);
  pending.event = std::move(event);
  pending.begin = begin;
  pending_.emplace(seq, std::move(pending));
  scanned_ = seq;
  doneAbove_.erase(doneAbove_.begin(), doneAbove_.upper_bound(seq));
}

std::vector<Delivery> DeliverySchedule::next(const ClusterState& state, MonotonicTime now, std::size_t room) {
  std::vector<Delivery> out;
  if (!orphans_.empty()) return out;
  scan(state);
  std::set<std::string_view> busy;
  for (auto& [seq, pending] : pending_) {
    if (pending.step == Step::Done || !busy.insert(pending.lane).second) continue;
    const bool due = pending.step == Step::Waiting && pending.notBefore <= now;
    if (!due) continue;
    if (running_.size() >= rules_.concurrency || out.size() >= room) break;
    lastId_ = DeliveryId(lastId_.value + 1);
    pending.step = Step::Running;
    ++pending.attempts;
    running_.emplace(lastId_, seq);
    out.push_back({lastId_, pending.event, pending.attempts});
  }
  return out;
}

DeliverySchedule::Pending* DeliverySchedule::underWay(DeliveryId id) {
  const auto at = running_.find(id);
  return at == running_.end() ? nullptr : &pending_.at(at->second);
}

bool DeliverySchedule::finish(DeliveryId id) {
  if (orphans_.erase(id) != 0) return false;
  Pending* pending = underWay(id);
  if (pending == nullptr) return false;
  pending->step = Step::Done;
  running_.erase(id);
  dropDone();
  return true;
}

void DeliverySchedule::dropDone() {
  while (!pending_.empty() && pending_.begin()->second.step == Step::Done) pending_.erase(pending_.begin());
}

void DeliverySchedule::putBack(DeliveryId id, MonotonicTime now, Duration after) {
  if (Pending* pending = underWay(id)) {
    --pending->attempts;
    pending->step = Step::Waiting;
    pending->notBefore = now + after;
  }
  orphans_.erase(id);
  running_.erase(id);
}

DeliverySchedule::Fate DeliverySchedule::fail(DeliveryId id, MonotonicTime now, Duration retryAfter) {
  Pending* pending = underWay(id);
  if (pending != nullptr && rules_.maxAttempts != 0 && pending->attempts >= rules_.maxAttempts) {
    pending->step = Step::GivenUp;
    return Fate::GivenUp;
  }
  retry(id, now, retryAfter);
  return Fate::Retried;
}

void DeliverySchedule::retry(DeliveryId id, MonotonicTime now, Duration retryAfter) {
  if (orphans_.erase(id) != 0) return;
  Pending* pending = underWay(id);
  if (pending == nullptr) return;
  pending->step = Step::Waiting;
  pending->notBefore = now + std::max(retryAfter, pauseAfter(pending->attempts));
  running_.erase(id);
}

Duration DeliverySchedule::pauseAfter(std::uint32_t attempts) const {
  constexpr std::uint32_t doublings = 32;  // more would not fit; maxBackoff is long reached
  const auto factor = std::uint64_t{1} << std::min(attempts - 1, doublings);
  if (rules_.backoff.count() == 0) return {};
  const auto limit = static_cast<std::uint64_t>(rules_.maxBackoff.count() / rules_.backoff.count());
  return factor > limit ? rules_.maxBackoff : rules_.backoff * static_cast<Duration::rep>(factor);
}

void DeliverySchedule::moveTo(const SinkCursor& cursor) {
  for (const auto& [id, of] : running_) orphans_.insert(id);
  running_.clear();
  pending_.clear();
  doneAbove_ = {cursor.above.begin(), cursor.above.end()};
  scanned_ = cursor.delivered;
}

EventSeq DeliverySchedule::delivered() const {
  if (planted(StateDefect::SinkCursorRunsAhead)) return scanned_;
  return pending_.empty() ? scanned_ : before(pending_.begin()->second.begin);
}

SinkCursor DeliverySchedule::cursor() const {
  SinkCursor out;
  out.delivered = delivered();
  for (const auto& [seq, pending] : pending_)
    if (pending.step == Step::Done) out.above.push_back(seq);
  out.above.insert(out.above.end(), doneAbove_.begin(), doneAbove_.end());
  return out;
}

MonotonicTime DeliverySchedule::nextWake() const {
  auto wake = MonotonicTime::max();
  if (!orphans_.empty() || running_.size() >= rules_.concurrency) return wake;
  std::set<std::string_view> busy;
  for (const auto& [seq, pending] : pending_) {
    if (pending.step == Step::Done || !busy.insert(pending.lane).second) continue;
    if (pending.step == Step::Waiting) wake = std::min(wake, pending.notBefore);
  }
  return wake;
}

std::uint32_t DeliverySchedule::headAttempts() const {
  return pending_.empty() ? 0 : pending_.begin()->second.attempts;
}

}  // namespace clusterkit
