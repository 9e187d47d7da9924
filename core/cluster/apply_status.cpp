// Nodes are suspected, lost, drained and removed; leaders announce themselves.
#include <algorithm>

#include "cluster/apply_step.hpp"

namespace clusterkit {
namespace {

// More departed nodes than this are not remembered; the one removed first is forgotten first.
constexpr std::size_t kMaxDeparted = 1000;

Outcome notFound() { return refused(OutcomeCode::NotFound, "no such member in the cluster"); }

Outcome lastCopy(const NodeRecord& node, const std::vector<PartitionId>& partitions) {
  return refused(OutcomeCode::LastCopy,
                 "node " + node.spec.id + " has the last copy of " + listPartitions(partitions));
}

Outcome illegal(const NodeRecord& node, NodeStatus wanted) {
  return refused(OutcomeCode::IllegalTransition, "node " + node.spec.id + " cannot become " +
                                                     std::string(toString(wanted)) + ", it is " +
                                                     std::string(toString(node.status)));
}

bool mayBecome(NodeStatus from, NodeStatus to) {
  switch (to) {
    case NodeStatus::Active: return from == NodeStatus::Joining || from == NodeStatus::Suspect;
    case NodeStatus::Suspect: return from == NodeStatus::Active || from == NodeStatus::Draining;
    case NodeStatus::Down:
    case NodeStatus::Left: return isLive(from);
    case NodeStatus::Joining:
    case NodeStatus::Draining: return false;
  }
  return false;
}

void emitLeave(ApplyStep& step, std::shared_ptr<const NodeRecord> node, LeaveReason reason,
               OwnedPartitions owned) {
  step.emit(NodeLeave{std::move(node), reason, std::move(owned.asPrimary), std::move(owned.asReplica)});
}

void setStatus(ApplyStep& step, const NodeRecord& old, NodeStatus status, WallTime lastSeenAt) {
  NodeRecord node = old;
  node.status = status;
  node.lastSeenAt = lastSeenAt;
  putNode(step, std::make_shared<const NodeRecord>(std::move(node)));
}

void goAbsent(ApplyStep& step, const NodeRecord& old, const SetNodeStatus& command) {
  const MemberId member = old.spec.member;
  OwnedPartitions owned = ownedBy(step.state, member);
  NodeRecord node = old;
  node.status = command.status;
  node.lastSeenAt = lastSign(step, old, command.lastSeenAt);
  node.absentSince = step.now;
  node.partitionsBeforeLeave = owned.all();
  const bool down = command.status == NodeStatus::Down;
  if (!down) node.drainRequested = false;  // done: when it comes back, it comes back for good
  const auto record = std::make_shared<const NodeRecord>(std::move(node));
  emitLeave(step, record, down ? LeaveReason::HealthCheckFailure : LeaveReason::GracefulShutdown,
            std::move(owned));
  putNode(step, record);
  promote(step, command.promotions);
  dropMovesTo(step, member);
  completeIfDone(step);
}

// Why the guards of the command do not hold; none: they do.
std::optional<Outcome> checkStatusChange(const ClusterState& state, const NodeRecord& node,
                                         const SetNodeStatus& command) {
  if (command.incarnation != 0 && command.incarnation != node.incarnation) {
    return refused(OutcomeCode::StaleNode, "node " + node.spec.id + " is in incarnation " +
                                               std::to_string(node.incarnation) + ", the command meant " +
                                               std::to_string(command.incarnation));
  }
  if (node.status == command.status) return Outcome{};  // decided twice, say by two leaders
  if (!mayBecome(node.status, command.status)) return illegal(node, command.status);
  if (command.status == NodeStatus::Left) {
    const auto last = lastCopiesAt(state, node.spec.member);
    if (!last.empty()) return lastCopy(node, last);
  }
  if (command.promotions.empty()) return std::nullopt;
  if (isLive(command.status)) {
    return refused(OutcomeCode::InvalidArgument, "promotions belong to a node that goes down or leaves");
  }
  if (command.mapEpoch != state.mapEpoch()) {
    return refused(OutcomeCode::StaleMapEpoch,
                   "computed on map epoch " + std::to_string(command.mapEpoch.value) + ", the map is at " +
                       std::to_string(state.mapEpoch().value));
  }
  std::string fault = checkPromotions(state, command.promotions, node.spec.member);
  if (!fault.empty()) return refused(OutcomeCode::InvalidArgument, std::move(fault));
  return std::nullopt;
}

void remember(ApplyStep& step, const NodeRecord& node, std::vector<PartitionId> partitions) {
  ClusterState& state = step.state;
  const DepartedNode departed{node.spec.id,  node.spec.member,         node.incarnation,
                              node.joinedAt, lastSign(step, node, {}), std::move(partitions),
                              step.index};
  putDeparted(step, departed);
  if (state.departed.size() <= kMaxDeparted) return;
  const PersistentMap<DepartedNode>::Entry* oldest = nullptr;
  for (const auto& entry : state.departed) {
    if (!oldest || entry.value.removedAt < oldest->value.removedAt) oldest = &entry;
  }
  const NodeId id = oldest->key;
  state.departed.erase(id);
}

}  // namespace

void takeOut(ApplyStep& step, std::shared_ptr<const NodeRecord> node, LeaveReason reason) {
  const MemberId member = node->spec.member;
  const bool wasLive = isLive(node->status);
  OwnedPartitions owned = ownedBy(step.state, member);
  remember(step, *node, wasLive ? owned.all() : node->partitionsBeforeLeave);
  if (wasLive) emitLeave(step, node, reason, std::move(owned));  // else it has been told already
  step.state.tombstones.set(BigEndianKey(member), step.index, step.index.value);
  dropNode(step, *node);
  stripOwner(step, member, node->spec.id);
  dropMovesTo(step, member);
  completeIfDone(step);
}

Outcome applyBody(ApplyStep& step, const SetNodeStatus& command) {
  const NodeRecord* node = step.state.findNode(command.member);
  if (!node) return notFound();
  if (auto refusal = checkStatusChange(step.state, *node, command)) return *std::move(refusal);
  if (!isLive(command.status)) {
    goAbsent(step, *node, command);
    return {};
  }
  const bool drains = command.status == NodeStatus::Active && node->drainRequested;
  // Suspect: the last sign of life counts. Active: it answers now.
  const WallTime seen =
      command.status == NodeStatus::Suspect ? lastSign(step, *node, command.lastSeenAt) : step.now;
  setStatus(step, *node, drains ? NodeStatus::Draining : command.status, seen);
  return {};
}

Outcome applyBody(ApplyStep& step, const DrainNode& command) {
  const NodeRecord* node = step.state.findNode(command.member);
  if (!node) return notFound();
  if (!isLive(node->status)) return illegal(*node, NodeStatus::Draining);
  if (node->drainRequested) return {};
  const auto takesOver = [&command](const auto& entry) {
    return entry.value->spec.member != command.member && isPlaceable(entry.value->status);
  };
  bool somebody = false;
  for (const auto& entry : step.state.nodes) somebody = somebody || takesOver(entry);
  if (!somebody) {
    return refused(OutcomeCode::LastNode, "no other active node could take over from node " + node->spec.id);
  }
  NodeRecord draining = *node;
  draining.drainRequested = true;
  if (draining.status == NodeStatus::Active) draining.status = NodeStatus::Draining;
  putNode(step, std::make_shared<const NodeRecord>(std::move(draining)));
  return {};
}

Outcome applyBody(ApplyStep& step, const UndrainNode& command) {
  const NodeRecord* node = step.state.findNode(command.member);
  if (!node) return notFound();
  // It had left already. If it still runs, the leader finds that out and brings it back; if not, it is
  // expected.
  if (node->status == NodeStatus::Left) {
    setStatus(step, *node, NodeStatus::Down, node->lastSeenAt);
    return {};
  }
  if (!node->drainRequested) return {};
  NodeRecord kept = *node;
  kept.drainRequested = false;
  if (kept.status == NodeStatus::Draining) kept.status = NodeStatus::Active;
  putNode(step, std::make_shared<const NodeRecord>(std::move(kept)));
  return {};
}

Outcome applyBody(ApplyStep& step, const RemoveNode& command) {
  ClusterState& state = step.state;
  const NodeRecord* found = state.findNode(command.member);
  if (!found) return notFound();
  const auto record = std::make_shared<const NodeRecord>(*found);  // outlives the maps' own
  const bool wasLive = isLive(record->status);
  if (state.liveNodeCount() == (wasLive ? 1u : 0u)) {
    return refused(OutcomeCode::LastNode, "node " + record->spec.id + " is the last one");
  }
  const auto last = lastCopiesAt(state, command.member);
  if (!last.empty() && command.consent == RemoveNode::Consent::KeepLastCopies) return lastCopy(*record, last);
  takeOut(step, record, command.reason);
  return {};
}

Outcome applyBody(ApplyStep& step, const AnnounceLeader& command) {
  ClusterState& state = step.state;
  const NodeRecord* node = state.findNode(command.leader);
  if (!node) return notFound();
  const auto& known = state.leader;
  if (known && known->member == command.leader && known->term == step.term) return {};
  const NodeId previous = known ? known->node : NodeId();
  state.leader = LeaderRecord{command.leader, node->spec.id, step.term, step.now};
  step.emit(LeaderChange{node->spec.id, previous, step.term});
  return {};
}

}  // namespace clusterkit
