// Owners change: the map, the health that follows from it, and what is told.
#include <algorithm>

#include "cluster/apply_step.hpp"

namespace clusterkit {
namespace {

// The health counters that one partition is counted in; null when it is whole.
std::uint32_t* counterOf(ClusterState& state, PartitionId partition) {
  const auto owners = state.partitions->ownersOf(partition);
  const auto live = std::count_if(owners.begin(), owners.end(),
                                  [&state](MemberId owner) { return state.isLiveMember(owner); });
  if (live == 0) return &state.health.partitionsOffline;
  const bool whole = static_cast<std::uint32_t>(live) >= state.facts->replicationFactor;
  return whole ? nullptr : &state.health.partitionsUnderReplicated;
}

std::string epochText(const ClusterState& state) {
  return "the map is at epoch " + std::to_string(state.mapEpoch().value);
}

// The owners without this member, the first live one in front.
Owners ownersWithout(const ClusterState& state, std::span<const MemberId> owners, MemberId member) {
  Owners rest;
  std::copy_if(owners.begin(), owners.end(), std::back_inserter(rest),
               [member](MemberId owner) { return owner != member; });
  const auto live =
      std::find_if(rest.begin(), rest.end(), [&state](MemberId owner) { return state.isLiveMember(owner); });
  if (live != rest.end()) std::rotate(rest.begin(), live, live + 1);
  return rest;
}

void emitNewPrimary(ApplyStep& step, PartitionId partition, std::string_view oldPrimary,
                    ChangeReason reason) {
  const ClusterState& state = step.state;
  const auto owners = state.partitions->ownersOf(partition);
  const NodeId primary(state.nodeIdOf(owners.front()));
  step.emit(PartitionChange{partition, copySources(state, {owners.begin(), owners.end()}, owners.front()),
                            primary, reason, NodeId(oldPrimary), primary,
                            state.partitions->epochOf(partition)});
}

}  // namespace

void setOwners(ApplyStep& step, std::vector<OwnerChange> changes) {
  if (changes.empty()) return;
  ClusterState& state = step.state;
  // Where nodes changed in this step the counters are off here; the end of the step counts anew.
  for (const auto& change : changes) {
    if (auto* counter = counterOf(state, change.partition); counter && *counter > 0) --*counter;
  }
  state.partitions = std::make_shared<const PartitionMap>(state.partitions->withOwners(changes));
  for (const auto& change : changes) {
    if (auto* counter = counterOf(state, change.partition)) ++*counter;
  }
  state.topologyIndex = step.index;
}

void stripOwner(ApplyStep& step, MemberId member, const NodeId& id) {
  ClusterState& state = step.state;
  const OwnedPartitions owned = ownedBy(state, member);
  std::vector<OwnerChange> changes;
  for (const PartitionId partition : owned.all()) {
    changes.push_back({partition, ownersWithout(state, state.partitions->ownersOf(partition), member)});
  }
  setOwners(step, std::move(changes));
  for (const PartitionId partition : owned.asPrimary) {
    const MemberId primary = state.partitions->primaryOf(partition);
    if (primary) emitNewPrimary(step, partition, id, ChangeReason::NodeRemoved);
  }
}

std::string checkPromotions(const ClusterState& state, const std::vector<OwnerChange>& changes,
                            MemberId gone) {
  std::vector<PartitionId> seen;
  for (const auto& change : changes) {
    if (!state.partitions->contains(change.partition)) return toString(change.partition) + " does not exist";
    const auto present = state.partitions->ownersOf(change.partition);
    if (!std::is_permutation(present.begin(), present.end(), change.owners.begin(), change.owners.end())) {
      return toString(change.partition) + ": a promotion keeps the owners and changes only their order";
    }
    if (change.owners.empty() || change.owners.front() == gone ||
        !state.isLiveMember(change.owners.front())) {
      return toString(change.partition) + ": the new primary is not live";
    }
    seen.push_back(change.partition);
  }
  std::sort(seen.begin(), seen.end());
  const auto twice = std::adjacent_find(seen.begin(), seen.end());
  return twice == seen.end() ? std::string() : toString(*twice) + " is named twice";
}

void promote(ApplyStep& step, const std::vector<OwnerChange>& changes) {
  std::vector<std::pair<PartitionId, NodeId>> flipped;
  for (const auto& change : changes) {
    const MemberId old = step.state.partitions->primaryOf(change.partition);
    if (old != change.owners.front()) {
      flipped.emplace_back(change.partition, NodeId(step.state.nodeIdOf(old)));
    }
  }
  setOwners(step, changes);
  for (const auto& [partition, old] : flipped) emitNewPrimary(step, partition, old, ChangeReason::Failover);
}

std::vector<PartitionId> lastCopiesAt(const ClusterState& state, MemberId member) {
  std::vector<PartitionId> last;
  for (const PartitionId partition : ownedBy(state, member).all()) {
    const auto owners = state.partitions->ownersOf(partition);
    const bool elsewhere = std::any_of(owners.begin(), owners.end(), [&](MemberId owner) {
      return owner != member && state.isLiveMember(owner);
    });
    if (!elsewhere) last.push_back(partition);
  }
  return last;
}

std::vector<NodeId> copySources(const ClusterState& state, const Owners& owners, MemberId copyTo) {
  std::vector<NodeId> sources;
  bool itself = false;
  for (const MemberId owner : owners) {
    if (!state.isLiveMember(owner)) continue;
    if (owner == copyTo) {
      itself = true;
    } else {
      sources.emplace_back(state.nodeIdOf(owner));
    }
  }
  if (sources.empty() && itself) sources.emplace_back(state.nodeIdOf(copyTo));
  return sources;
}

std::string listPartitions(const std::vector<PartitionId>& partitions) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(partitions.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + toString(partitions[i]);
  }
  if (partitions.size() > kNamed) text += " and " + std::to_string(partitions.size() - kNamed) + " more";
  return text;
}

Outcome applyBody(ApplyStep& step, const PromoteReplicas& command) {
  if (command.mapEpoch != step.state.mapEpoch()) {
    return refused(
        OutcomeCode::StaleMapEpoch,
        "computed on map epoch " + std::to_string(command.mapEpoch.value) + ", " + epochText(step.state));
  }
  if (command.changes.empty()) return refused(OutcomeCode::InvalidArgument, "no partition is named");
  std::string fault = checkPromotions(step.state, command.changes, MemberId());
  if (!fault.empty()) return refused(OutcomeCode::InvalidArgument, std::move(fault));
  promote(step, command.changes);
  return {};
}

}  // namespace clusterkit
