#include "simulation/state_invariants.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

std::string text(std::uint64_t n) { return std::to_string(n); }

}  // namespace

void StateHashesEqual::state(MemberId member, const ClusterState& state, Verdict& verdict) {
  const std::uint64_t hash = stateHash(state);
  const auto [known, fresh] = hashes_.emplace(state.appliedIndex, hash);
  if (!fresh && known->second != hash)
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
    const auto [known, fresh] = known_.emplace(event->seq, present);
    if (!fresh && !(known->second == present))
      verdict.broken("EventsDenseAndInOrder",
                     "event " + text(event->seq.value) + " is another one at member " + text(member.value));
  }
  // A restore may jump forwards, never back.
  if (state.nextEvent < next || (!events.empty() && state.nextEvent != next))
    verdict.broken("EventsDenseAndInOrder", "member " + text(member.value) + ": next is " +
                                                text(state.nextEvent.value) + " after " + text(next.value));
  next_[member] = state.nextEvent;
}

void EpochsNeverOwnedTwice::state(const ClusterState& state, Verdict& verdict) {
  if (state.partitions == last_) return;
  last_ = state.partitions;
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
