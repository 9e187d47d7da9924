// A plan is committed, checked and steered; its moves run in apply_moves.cpp.
#include <algorithm>

#include "cluster/apply_moves.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

bool contains(std::span<const MemberId> members, MemberId member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

Outcome stalePlan(const ClusterState& state, LogIndex meant) {
  const std::string text = state.rebalance ? "rebalance " + std::to_string(state.rebalance->plan.value) +
                                                 " is under way, not " + std::to_string(meant.value)
                                           : "no rebalance is under way";
  return refused(OutcomeCode::StalePlan, text);
}

bool isPlan(const ClusterState& state, LogIndex plan) {
  return state.rebalance && state.rebalance->plan == plan;
}

std::string checkShape(const ClusterState& state, const OwnerChange& move) {
  if (!state.partitions->contains(move.partition)) return " does not exist";
  if (move.owners.empty() || move.owners.size() > kMaxReplicationFactor)
    return ": a move names 1 to 16 owners";
  Owners sorted = move.owners;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return ": a move names an owner twice";
  return presentOwners(state, move.partition) == move.owners ? ": the move changes nothing" : "";
}

// New owners must be ready to take partitions; who owns already may stay, but only a live node can be
// primary.
std::string checkTargets(const ClusterState& state, const OwnerChange& move) {
  const auto present = state.partitions->ownersOf(move.partition);
  for (const MemberId member : move.owners) {
    const NodeRecord* node = state.findNode(member);
    if (!node) return toString(move.partition) + ": a new owner is not a member of the cluster";
    const bool usable = isPlaceable(node->status) || contains(present, member);
    if (!usable || (member == move.owners.front() && !isLive(node->status))) {
      return toString(move.partition) + ": node " + node->spec.id + " is " +
             std::string(toString(node->status));
    }
  }
  return {};
}

// Everybody who gains, loses or changes its role; ascending by id.
std::vector<NodeId> nodesAffected(const ClusterState& state, const std::vector<OwnerChange>& moves) {
  std::vector<NodeId> ids;
  const auto add = [&](const Owners& members) {
    for (const MemberId member : members) ids.emplace_back(state.nodeIdOf(member));
  };
  for (const auto& move : moves) {
    const Owners present = presentOwners(state, move.partition);
    add(difference(move.owners, present));
    add(difference(present, move.owners));
    if (!present.empty() && present.front() != move.owners.front())
      add({present.front(), move.owners.front()});
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::optional<Outcome> checkPartitionList(const std::vector<PartitionId>& partitions) {
  std::vector<PartitionId> sorted = partitions;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return refused(OutcomeCode::InvalidArgument, "no partition is named");
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return std::nullopt;
  return refused(OutcomeCode::InvalidArgument, toString(*twice) + " is named twice");
}

}  // namespace

Outcome applyBody(ApplyStep& step, const StartRebalance& command) {
  ClusterState& state = step.state;
  if (state.rebalance) {
    return refused(OutcomeCode::RebalanceRunning,
                   "rebalance " + std::to_string(state.rebalance->plan.value) + " is under way");
  }
  if (command.mapEpoch != state.mapEpoch()) {
    return refused(OutcomeCode::StaleMapEpoch,
                   "planned on map epoch " + std::to_string(command.mapEpoch.value) + ", the map is at " +
                       std::to_string(state.mapEpoch().value));
  }
  std::vector<PartitionId> named;
  for (const auto& move : command.moves) named.push_back(move.partition);
  if (auto refusal = checkPartitionList(named)) return *std::move(refusal);
  for (const auto& move : command.moves) {
    const std::string fault = checkShape(state, move);
    if (!fault.empty()) return refused(OutcomeCode::InvalidArgument, toString(move.partition) + fault);
    std::string unavailable = checkTargets(state, move);
    if (!unavailable.empty()) return refused(OutcomeCode::NodeUnavailable, std::move(unavailable));
  }
  state.rebalance = Rebalance{.plan = step.index,
                              .trigger = command.trigger,
                              .triggerNode = command.triggerNode,
                              .handoff = command.handoff,
                              .phase = RebalancePhase::Running,
                              .startedAt = step.now,
                              .partitionsToMove = static_cast<std::uint32_t>(command.moves.size()),
                              .partitionsMoved = 0,
                              .partitionsDropped = 0,
                              .nodesAffected = nodesAffected(state, command.moves)};
  for (const auto& move : command.moves) {
    state.pendingMoves.set(BigEndianKey(move.partition), move.owners,
                           contentHash(step.seed(), toProto(move.partition, move.owners)));
  }
  step.emit(startEvent(*state.rebalance));
  return {};
}

Outcome applyBody(ApplyStep& step, const BeginMoves& command) {
  const ClusterState& state = step.state;
  if (!isPlan(state, command.plan)) return stalePlan(state, command.plan);
  if (state.rebalance->phase == RebalancePhase::Paused) {
    return refused(OutcomeCode::RebalancePaused, "the rebalance is paused");
  }
  if (auto refusal = checkPartitionList(command.partitions)) return *std::move(refusal);
  std::vector<OwnerChange> moves;
  for (const PartitionId partition : command.partitions) {
    const Owners* target = state.pendingMoves.find(BigEndianKey(partition));
    if (!target) return refused(OutcomeCode::NotFound, toString(partition) + " has no pending move");
    moves.push_back({partition, *target});
    std::string unavailable = checkTargets(state, moves.back());
    if (!unavailable.empty()) return refused(OutcomeCode::NodeUnavailable, std::move(unavailable));
  }
  runMoves(step, moves);
  completeIfDone(step);
  return {};
}

Outcome applyBody(ApplyStep& step, const FinishHandoffs& command) {
  const ClusterState& state = step.state;
  if (!isPlan(state, command.plan)) return stalePlan(state, command.plan);
  if (auto refusal = checkPartitionList(command.partitions)) return *std::move(refusal);
  std::vector<Handoff> handoffs;
  for (const PartitionId partition : command.partitions) {
    const Handoff* handoff = state.findHandoff(partition);
    if (!handoff) return refused(OutcomeCode::NotFound, toString(partition) + " has no hand-over");
    handoffs.push_back(*handoff);
  }
  flip(step, handoffs);
  completeIfDone(step);
  return {};
}

Outcome applyBody(ApplyStep& step, const ReportPartitionReady& command) {
  ClusterState& state = step.state;
  const Handoff* found = state.findHandoff(command.partition);
  const bool meant = found && (!command.handoff || command.handoff == found->id);
  if (!meant || !contains(found->waiting, command.member)) {
    return refused(OutcomeCode::NotWaiting, toString(command.partition) + " does not wait for this node");
  }
  Handoff handoff = *found;
  std::erase(handoff.waiting, command.member);
  step.emit(PartitionReady{command.partition, NodeId(state.nodeIdOf(command.member)),
                           state.partitions->epochOf(command.partition)});
  if (handoff.waiting.empty()) {
    flip(step, {handoff});
    completeIfDone(step);
  } else {
    putHandoff(step, handoff);
  }
  return {};
}

Outcome applyBody(ApplyStep& step, const ControlRebalance& command) {
  ClusterState& state = step.state;
  if (!state.rebalance || (command.plan && command.plan != state.rebalance->plan)) {
    return stalePlan(state, command.plan);
  }
  if (command.action != ControlRebalance::Action::Cancel) {
    const bool pause = command.action == ControlRebalance::Action::Pause;
    state.rebalance->phase = pause ? RebalancePhase::Paused : RebalancePhase::Running;
    return {};
  }
  const auto left = static_cast<std::uint32_t>(state.pendingMoves.size() + state.handoffs.size());
  while (const auto* entry = state.handoffs.first()) abandon(step, entry->value);
  while (const auto* entry = state.pendingMoves.first()) state.pendingMoves.erase(std::string(entry->key));
  state.rebalance->partitionsDropped += left;
  finishRebalance(step, RebalanceOutcome::Cancelled);
  return {};
}

}  // namespace clusterkit
