// Moves run: at once, or as hand-overs that wait for the data, until nothing of the plan is left.
#include "cluster/apply_moves.hpp"

#include <algorithm>

#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

bool contains(std::span<const MemberId> members, MemberId member) {
  return std::find(members.begin(), members.end(), member) != members.end();
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

void beginHandoff(ApplyStep& step, const OwnerChange& move, const Owners& before, Owners added) {
  putHandoff(step, {move.partition, step.index, move.owners, added, step.now});
  announce(step, {move.partition, before, std::move(added), primaryOf(before), move.owners.front(),
                  ChangeReason::Rebalance});
}

}  // namespace

Owners presentOwners(const ClusterState& state, PartitionId partition) {
  const auto owners = state.partitions->ownersOf(partition);
  return {owners.begin(), owners.end()};
}

Owners difference(const Owners& a, const Owners& b) {
  Owners rest;
  std::copy_if(a.begin(), a.end(), std::back_inserter(rest), [&b](MemberId m) { return !contains(b, m); });
  return rest;
}

RebalanceStart startEvent(const Rebalance& r) {
  return {r.plan, r.trigger, r.triggerNode, r.partitionsToMove, r.nodesAffected};
}

void putHandoff(ApplyStep& step, const Handoff& handoff) {
  step.state.handoffs.set(BigEndianKey(handoff.partition), handoff,
                          contentHash(step.seed(), toProto(handoff)));
  step.state.topologyIndex = step.index;
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

}  // namespace clusterkit
