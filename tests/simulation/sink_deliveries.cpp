#include "simulation/sink_deliveries.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

EventSeq after(EventSeq seq) { return EventSeq(seq.value + 1); }
EventSeq before(EventSeq seq) { return EventSeq(seq.value - 1); }

std::string text(std::uint64_t n) { return std::to_string(n); }

// Of a gap it is a whole range.
EventSeq firstOf(const ClusterEvent& event) {
  const auto* gap = std::get_if<Gap>(&event.body);
  return gap == nullptr ? event.seq : gap->from;
}

// Deliveries done that may be without a durable cursor. Of a concurrent sink each new leader may have had
// other ones, all of them in the schedule's window.
std::size_t mostUnsaved(const SinkRules& sink) {
  const std::size_t concurrency = sink.delivery.concurrency;
  return concurrency == 1 ? 1 : concurrency * 8;
}

}  // namespace

SinkDeliveries::Course& SinkDeliveries::courseOf(MemberId member, const SinkRules& sink) {
  const MemberId owner = sink.scope == SinkScope::Leader ? MemberId() : member;
  const auto [course, fresh] = courses_.try_emplace({sink.name, owner});
  if (fresh) course->second.rules = sink;
  return course->second;
}

// By the sink's filter; what has not happened yet is not.
bool SinkDeliveries::isHeldBack(const Course& course, EventSeq seq) const {
  const auto& wanted = course.rules.delivery.types;
  const Known* event = known(seq);
  return !wanted.empty() && event != nullptr && wanted.count(eventTypes()[event->type]) == 0;
}

const SinkDeliveries::Known* SinkDeliveries::known(EventSeq seq) const {
  return seq.value < known_.size() && known_[seq.value] ? &*known_[seq.value] : nullptr;
}

// Of one partition, key or service; what concerns the whole cluster is one lane together.
std::string SinkDeliveries::laneOf(const ClusterEvent& event) {
  const auto isOf = [&]<class... Kind>() { return (std::holds_alternative<Kind>(event.body) || ...); };
  const bool ofOneThing =
      isOf.operator()<PartitionChange, PartitionReleased, PartitionReady, ValueChange, ServiceChange>();
  return ofOneThing ? eventSubject(event.body) : std::string();
}

// One at a time: after all before it. Several: after those of its lane that the node still has.
bool SinkDeliveries::hasItsTurn(MemberId member, const Course& course, const ClusterEvent& event) const {
  if (!course.start) return true;
  if (course.rules.delivery.concurrency == 1) return isAllDone(course, before(firstOf(event)));
  if (std::holds_alternative<Gap>(event.body) || !course.replays.empty()) return true;
  const std::string lane = laneOf(event);
  for (EventSeq seq = std::max(after(course.doneUpTo), oldest_.at(member)); seq < event.seq; seq = after(seq))
    if (const Known* earlier = known(seq); earlier != nullptr && earlier->lane == lane)
      if (course.doneAbove.count(seq) == 0 && !isHeldBack(course, seq)) return false;
  return true;
}

// The last event up to which all after `base` are done with.
EventSeq SinkDeliveries::doneFrom(const Course& course, EventSeq base) const {
  EventSeq upTo = base;
  for (EventSeq next = after(upTo); course.doneAbove.count(next) != 0 || isHeldBack(course, next);
       next = after(next))
    upTo = next;
  return upTo;
}

bool SinkDeliveries::isAllDone(const Course& course, EventSeq upTo) const {
  if (doneFrom(course, course.doneUpTo) >= upTo) return true;
  return std::any_of(course.replays.begin(), course.replays.end(),
                     [&](EventSeq base) { return base <= upTo && doneFrom(course, base) >= upTo; });
}

void SinkDeliveries::advance(Course& course) const {
  course.doneUpTo = doneFrom(course, course.doneUpTo);
  // Where a replay may begin anew, all is remembered.
  if (course.replays.empty())
    course.doneAbove.erase(course.doneAbove.begin(), course.doneAbove.upper_bound(course.doneUpTo));
}

void SinkDeliveries::check(const Course& course, const SinkCursor& cursor, Verdict& verdict) const {
  if (!course.start) return;
  if (!isAllDone(course, cursor.delivered))
    verdict.broken("SinksSkipNothing", course.rules.name + ": its cursor is at " +
                                           text(cursor.delivered.value) + ", done are all up to " +
                                           text(course.doneUpTo.value));
  for (const EventSeq seq : cursor.above)
    if (seq > course.doneUpTo && course.doneAbove.count(seq) == 0)
      verdict.broken("SinksSkipNothing",
                     course.rules.name + ": its cursor has " + text(seq.value) + " as done, and it is not");
}

void SinkDeliveries::follow(Course& course, const SinkCursor& cursor) const {
  if (!course.start) course.start = course.doneUpTo = cursor.delivered;
  course.durable = cursor;
  course.unsaved.erase(course.unsaved.begin(), course.unsaved.upper_bound(cursor.delivered));
  for (const EventSeq seq : cursor.above) course.unsaved.erase(seq);
  advance(course);
}

void SinkDeliveries::state(MemberId member, const ClusterState& state, Events events, Verdict& verdict) {
  oldest_[member] = state.oldestEvent();
  for (const auto& event : events) {
    if (event->seq.value >= known_.size()) known_.resize(event->seq.value + 1);
    auto& known = known_[event->seq.value];
    if (!known) known = Known{event->index, event->body.index(), laneOf(*event)};
  }
  if (state.appliedIndex <= newest_) return;
  newest_ = state.appliedIndex;
  for (auto& [key, course] : courses_) {
    if (key.second) continue;  // a node's own
    const SinkCursor* cursor = state.sinkCursors.find(key.first);
    if (cursor == nullptr || *cursor == course.durable) continue;
    check(course, *cursor, verdict);
    follow(course, *cursor);
  }
}

bool SinkDeliveries::isCovered(const Course& course, EventSeq seq) {
  const SinkCursor& durable = course.durable;
  return seq <= durable.delivered || std::binary_search(durable.above.begin(), durable.above.end(), seq);
}

void SinkDeliveries::told(MemberId member, const SinkRules& sink, const ClusterEvent& event, bool inOffice,
                          Verdict& verdict) {
  const Course& course = courseOf(member, sink);
  const std::string what =
      sink.name + " at member " + text(member.value) + ": event " + text(event.seq.value);
  const auto* gap = std::get_if<Gap>(&event.body);
  const Known* there = known(event.seq);
  const bool happened = there != nullptr && there->index == event.index && there->type == event.body.index();
  if (gap != nullptr ? gap->to != event.seq || gap->to >= oldest_[member]
                     : !happened || isHeldBack(course, event.seq))
    verdict.broken("SinksHearWhatHappened", what + " is another one, or not lost, or not wanted");
  if (!hasItsTurn(member, course, event))
    verdict.broken("SinksKeepTheOrder", what + ", done are all up to " + text(course.doneUpTo.value));
  // What was lost may hold events that were done with out of order.
  const bool repeats = gap != nullptr ? event.seq <= course.durable.delivered : isCovered(course, event.seq);
  if (inOffice && !course.ordered && repeats)
    verdict.broken("SinkRepeatsAreFew",
                   what + ", a durable cursor is at " + text(course.durable.delivered.value));
}

void SinkDeliveries::done(MemberId member, const SinkRules& sink, const ClusterEvent& event,
                          Verdict& verdict) {
  Course& course = courseOf(member, sink);
  ++count_;
  for (EventSeq seq = firstOf(event); seq <= event.seq; seq = after(seq))
    if (seq > course.doneUpTo || !course.replays.empty()) course.doneAbove.insert(seq);
  // What is lost grows, and shrinks where a state is not as far yet: it is not one delivery that is repeated.
  const bool lost = std::holds_alternative<Gap>(event.body);
  if (!lost && !isCovered(course, event.seq)) course.unsaved.insert(event.seq);
  if (course.start) advance(course);
  if (course.start && !course.ordered && course.unsaved.size() > mostUnsaved(sink))
    verdict.broken("SinkRepeatsAreFew", sink.name + " at member " + text(member.value) + ": " +
                                            text(course.unsaved.size()) +
                                            " deliveries are beyond what its cursor covers");
}

void SinkDeliveries::loaded(MemberId member, const SinkRules& sink, const std::optional<SinkCursor>& cursor,
                            Verdict& verdict) {
  Course& course = courseOf(member, sink);
  if (!course.start && !cursor) return;
  if (!cursor || (course.start && cursor->delivered < course.durable.delivered &&
                  cursor->generation == course.durable.generation))
    return verdict.broken("SinkRepeatsAreFew", sink.name + " at member " + text(member.value) +
                                                   ": its cursor has fallen back from " +
                                                   text(course.durable.delivered.value));
  check(course, *cursor, verdict);
  follow(course, *cursor);
}

void SinkDeliveries::saving(MemberId member, const SinkRules& sink, const SinkCursor& cursor,
                            Verdict& verdict) {
  const Course& course = courseOf(member, sink);
  check(course, cursor, verdict);
  if (course.start && !course.ordered && cursor.delivered < course.durable.delivered)
    verdict.broken("SinkRepeatsAreFew", sink.name + " at member " + text(member.value) +
                                            ": its cursor falls back to " + text(cursor.delivered.value));
}

void SinkDeliveries::saved(MemberId member, const SinkRules& sink, const SinkCursor& cursor) {
  follow(courseOf(member, sink), cursor);
}

void SinkDeliveries::ordered(MemberId member, const SinkRules& sink, std::optional<EventSeq> after) {
  Course& course = courseOf(member, sink);
  course.ordered = true;
  if (after) course.replays.insert(*after);
}

}  // namespace clusterkit::sim
