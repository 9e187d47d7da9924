#include "simulation/state_invariants.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

std::string text(std::uint64_t n) { return std::to_string(n); }

// What was there first; `value` if nothing was.
template <class T>
const T& firstAt(std::vector<std::optional<T>>& all, std::uint64_t at, const T& value) {
  if (at >= all.size()) all.resize(at + 1);
  return all[at] ? *all[at] : all[at].emplace(value);
}

}  // namespace

void StateHashesEqual::state(MemberId member, const ClusterState& state, Verdict& verdict) {
  const std::uint64_t hash = stateHash(state);
  if (const auto known = firstAt(hashes_, state.appliedIndex.value, hash); known != hash)
    verdict.broken("StateHashesEqual",
                   "member " + text(member.value) + " differs at index " + text(state.appliedIndex.value));
}

void EventsDenseAndInOrder::state(MemberId member, const ClusterState& state, Events events,
                                  Verdict& verdict) {
  const auto seen = next_.find(member);
  EventSeq next = seen == next_.end() ? EventSeq(1) : seen->second;
  for (const auto& event : events) {
    if (event->seq != next)
      verdict.broken("EventsDenseAndInOrder", "member " + text(member.value) + ": event " +
                                                  text(event->seq.value) + " instead of " + text(next.value));
    next = EventSeq(event->seq.value + 1);
    const Known present{event->index, event->body.index()};
    if (!(firstAt(known_, event->seq.value, present) == present))
      verdict.broken("EventsDenseAndInOrder",
                     "event " + text(event->seq.value) + " is another one at member " + text(member.value));
  }
  // A restore may jump forwards, never back.
  if (state.nextEvent < next || (!events.empty() && state.nextEvent != next))
    verdict.broken("EventsDenseAndInOrder", "member " + text(member.value) + ": next is " +
                                                text(state.nextEvent.value) + " after " + text(next.value));
  next_[member] = state.nextEvent;
}

EventsDenseAndInOrder::Told EventsDenseAndInOrder::told() const {
  Told told{};
  for (const std::optional<Known>& event : known_)
    if (event) ++told[event->type];
  return told;
}

void EpochsNeverOwnedTwice::state(MemberId member, const ClusterState& state, Verdict& verdict) {
  auto& last = last_[member];
  if (state.partitions == last) return;
  last = state.partitions;
  for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
    const PartitionId partition(p);
    const auto owners = state.partitions->ownersOf(partition);
    const Epoch epoch = state.partitions->epochOf(partition);
    const auto [known, fresh] = owners_.emplace(std::pair(p, epoch), Owners(owners.begin(), owners.end()));
    if (!fresh && !std::equal(owners.begin(), owners.end(), known->second.begin(), known->second.end()))
      verdict.broken("EpochsNeverOwnedTwice", "partition " + text(p) + ", epoch " + text(epoch.value));
  }
}

}  // namespace clusterkit::sim
