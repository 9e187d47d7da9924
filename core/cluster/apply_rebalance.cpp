// A plan is committed, its moves run one by one or wait for their data, and it ends by itself.
#include <algorithm>

#include "cluster/apply_step.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

bool contains(std::span<const MemberId> members, MemberId member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

Owners presentOwners(const ClusterState& state, PartitionId partition) {
  const auto owners = state.partitions->ownersOf(partition);
  return {owners.begin(), owners.end()};
}

Owners difference(const Owners& a, const Owners& b) {
  Owners rest;
  std::copy_if(a.begin(), a.end(), std::back_inserter(rest), [&b](MemberId m) { return !contains(b, m); });
  return rest;
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

RebalanceStart startEvent(const Rebalance& r) {
  return {r.plan, r.trigger, r.triggerNode, r.partitionsToMove, r.nodesAffected};
}

void putHandoff(ApplyStep& step, const Handoff& handoff) {
  step.state.handoffs.set(BigEndianKey(handoff.partition), handoff,
                          contentHash(step.seed(), toProto(handoff)));
  step.state.topologyIndex = step.index;
}

void dropHandoff(ApplyStep& step, PartitionId partition) {
  step.state.handoffs.erase(BigEndianKey(partition));
  step.state.topologyIndex = step.index;
}

void emitReleased(ApplyStep& step, PartitionId partition, const Owners& members) {
  for (const MemberId member : members) {
    const NodeId id(step.state.nodeIdOf(member));
    if (!id.empty()) step.emit(PartitionReleased{partition, id, step.state.partitions->epochOf(partition)});
  }
}

// One event for each of `copiers`, with these live holders and primaries.
struct Announcement {
  PartitionId partition;
  Owners holders;
  Owners copiers;
  MemberId oldPrimary, newPrimary;
  ChangeReason reason;
};

void announce(ApplyStep& step, const Announcement& a) {
  const ClusterState& state = step.state;
  for (const MemberId copier : a.copiers) {
    step.emit(PartitionChange{a.partition, copySources(state, a.holders, copier),
                              NodeId(state.nodeIdOf(copier)), a.reason, NodeId(state.nodeIdOf(a.oldPrimary)),
                              NodeId(state.nodeIdOf(a.newPrimary)), state.partitions->epochOf(a.partition)});
  }
}

MemberId primaryOf(const Owners& owners) { return owners.empty() ? MemberId() : owners.front(); }

// A move without a hand-over: every new owner, and a new primary that owned before, is told at once.
Announcement announcementOfMove(const OwnerChange& move, const Owners& before) {
  Owners copiers = difference(move.owners, before);
  const MemberId primary = move.owners.front();
  if (primary != primaryOf(before) && !contains(copiers, primary)) copiers.insert(copiers.begin(), primary);
  return {move.partition, before, std::move(copiers), primaryOf(before), primary, ChangeReason::Rebalance};
}

// The end of a hand-over: the copies are made, so only a change of the primary is news.
Announcement announcementOfFlip(const Handoff& handoff, const Owners& before) {
  const Owners ready = difference(handoff.target, handoff.waiting);
  Owners holders = before;
  for (const MemberId member : difference(ready, before)) holders.push_back(member);
  const MemberId primary = handoff.target.front();
  Owners copiers;
  if (primary != primaryOf(before)) copiers.push_back(primary);
  return {handoff.partition,
          std::move(holders),
          std::move(copiers),
          primaryOf(before),
          primary,
          ChangeReason::HandoffCompleted};
}

// Makes the moves final: owners, epochs, events in the order of the partitions.
void finishMoves(ApplyStep& step, const std::vector<OwnerChange>& moves,
                 const std::vector<Announcement>& news) {
  std::vector<Owners> released;
  for (const auto& move : moves) {
    released.push_back(difference(presentOwners(step.state, move.partition), move.owners));
  }
  setOwners(step, moves);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    announce(step, news[i]);
    emitReleased(step, moves[i].partition, released[i]);
  }
  step.state.rebalance->partitionsMoved += static_cast<std::uint32_t>(moves.size());
}

void flip(ApplyStep& step, const std::vector<Handoff>& handoffs) {
  std::vector<OwnerChange> moves;
  std::vector<Announcement> news;
  for (const Handoff& handoff : handoffs) {
    moves.push_back({handoff.partition, handoff.target});
    news.push_back(announcementOfFlip(handoff, presentOwners(step.state, handoff.partition)));
    dropHandoff(step, handoff.partition);
  }
  finishMoves(step, moves, news);
}

// Whoever had begun to copy is told that the copy is not wanted.
void abandon(ApplyStep& step, const Handoff& handoff) {
  const Handoff gone = handoff;  // lives in the map that changes now
  dropHandoff(step, gone.partition);
  emitReleased(step, gone.partition, difference(gone.target, presentOwners(step.state, gone.partition)));
}

void finishRebalance(ApplyStep& step, RebalanceOutcome outcome) {
  ClusterState& state = step.state;
  const Rebalance& done = *state.rebalance;
  const auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(step.now - done.startedAt);
  step.emit(RebalanceComplete{startEvent(done), duration, outcome});
  state.lastRebalance = FinishedRebalance{done, outcome, step.now};
  state.rebalance.reset();
}

std::optional<Outcome> checkPartitionList(const std::vector<PartitionId>& partitions) {
  std::vector<PartitionId> sorted = partitions;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) return refused(OutcomeCode::InvalidArgument, "no partition is named");
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice == sorted.end()) return std::nullopt;
  return refused(OutcomeCode::InvalidArgument, toString(*twice) + " is named twice");
}

void beginHandoff(ApplyStep& step, const OwnerChange& move, const Owners& before, Owners added) {
  putHandoff(step, {move.partition, step.index, move.owners, added, step.now});
  announce(step, {move.partition, before, std::move(added), primaryOf(before), move.owners.front(),
                  ChangeReason::Rebalance});
}

void runMoves(ApplyStep& step, const std::vector<OwnerChange>& moves) {
  std::vector<OwnerChange> atOnce;
  std::vector<Announcement> news;
  for (const auto& move : moves) {
    step.state.pendingMoves.erase(BigEndianKey(move.partition));
    const Owners before = presentOwners(step.state, move.partition);
    Owners added = difference(move.owners, before);
    // Nobody to copy from: waiting would only keep the partition down.
    const bool waits = step.state.rebalance->handoff == HandoffMode::Acknowledged && !added.empty() &&
                       !copySources(step.state, before, MemberId()).empty();
    if (waits) {
      beginHandoff(step, move, before, std::move(added));
    } else {
      news.push_back(announcementOfMove(move, before));
      atOnce.push_back(move);
    }
  }
  finishMoves(step, atOnce, news);
}

}  // namespace

void dropMovesTo(ApplyStep& step, MemberId member) {
  ClusterState& state = step.state;
  if (!state.rebalance) return;
  const auto hopeless = [&](PartitionId partition, const Owners& target) {
    return contains(target, member) &&
           (target.front() == member || !state.partitions->owns(member, partition));
  };
  std::vector<PartitionId> pending;
  for (const auto& entry : state.pendingMoves) {
    const PartitionId partition(static_cast<std::uint32_t>(BigEndianKey::read(entry.key)));
    if (hopeless(partition, entry.value)) pending.push_back(partition);
  }
  std::vector<Handoff> running;
  for (const auto& entry : state.handoffs) {
    if (hopeless(entry.value.partition, entry.value.target)) running.push_back(entry.value);
  }
  for (const PartitionId partition : pending) state.pendingMoves.erase(BigEndianKey(partition));
  for (const Handoff& handoff : running) abandon(step, handoff);
  state.rebalance->partitionsDropped += static_cast<std::uint32_t>(pending.size() + running.size());
}

void completeIfDone(ApplyStep& step) {
  const ClusterState& state = step.state;
  if (!state.rebalance || !state.pendingMoves.empty() || !state.handoffs.empty()) return;
  finishRebalance(step, RebalanceOutcome::Completed);
}

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
