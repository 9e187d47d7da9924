// A cluster begins; nodes arrive, come back and change.
#include <algorithm>

#include "cluster/apply_step.hpp"

namespace clusterkit {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// Told as the rebalance that it is, so that a reader of events alone knows every owner from the beginning.
void assignAllTo(ApplyStep& step, const NodeSpec& node) {
  const std::uint32_t count = step.state.facts->partitionCount;
  std::vector<OwnerChange> changes;
  for (std::uint32_t p = 0; p < count; ++p) changes.push_back({PartitionId(p), {node.member}});
  setOwners(step, std::move(changes));
  const RebalanceStart start{step.index, RebalanceTrigger::NodeJoin, node.id, count, {node.id}};
  step.emit(start);
  for (std::uint32_t p = 0; p < count; ++p) {
    const PartitionId partition(p);
    step.emit(PartitionChange{partition,
                              {},
                              node.id,
                              ChangeReason::InitialAssignment,
                              {},
                              node.id,
                              step.state.partitions->epochOf(partition)});
  }
  step.emit(RebalanceComplete{start, {}, RebalanceOutcome::Completed});
}

// What is known of the node from before: of its record, or of its removal.
struct EarlierLife {
  std::uint64_t incarnation = 0;
  WallTime joinedAt{}, lastSeenAt{};
  std::vector<PartitionId> partitions;
};

std::shared_ptr<const NodeRecord> newLife(const ApplyStep& step, const NodeSpec& spec, NodeStatus status,
                                          const EarlierLife& before) {
  NodeRecord node;
  node.spec = spec;
  node.status = status;
  node.incarnation = before.incarnation + 1;
  node.joinedAt = before.incarnation > 0 ? before.joinedAt : step.now;
  node.lastSeenAt = step.now;
  return std::make_shared<const NodeRecord>(std::move(node));
}

void emitRejoin(ApplyStep& step, std::shared_ptr<const NodeRecord> node, const EarlierLife& before) {
  const auto offline = duration_cast<milliseconds>(step.now - before.lastSeenAt);
  step.emit(NodeRejoin{std::move(node), offline, before.lastSeenAt, before.partitions});
}

// The same id with a new data folder: the old member is gone for good, and with it the copies it held.
void replaceMember(ApplyStep& step, const NodeRecord& old, const AddNode& command) {
  const MemberId oldMember = old.spec.member;
  const EarlierLife before{old.incarnation, old.joinedAt, lastSign(step, old, command.lastSeenAt),
                           old.partitionsBeforeLeave};
  const auto node = newLife(step, command.node, NodeStatus::Joining, before);
  emitRejoin(step, node, before);
  step.state.tombstones.set(BigEndianKey(oldMember), step.index, step.index.value);
  dropNode(step, old);
  putNode(step, node);
  stripOwner(step, oldMember, command.node.id);
  dropMovesTo(step, oldMember);
  completeIfDone(step);
}

Outcome addUnknownMember(ApplyStep& step, const AddNode& command) {
  ClusterState& state = step.state;
  const NodeSpec& spec = command.node;
  if (const NodeRecord* old = state.findNode(spec.id)) {
    if (isLive(old->status)) {
      return refused(OutcomeCode::DuplicateNode, "node id " + spec.id + " is in use by a live node at " +
                                                     old->spec.httpAddress + " with another data folder");
    }
    replaceMember(step, *old, command);
    return {};
  }
  if (const DepartedNode* departed = state.departed.find(spec.id)) {
    const EarlierLife before{departed->incarnation, departed->joinedAt,
                             laterSeen(step, departed->lastSeenAt, command.lastSeenAt),
                             departed->partitionsBeforeLeave};
    const auto node = newLife(step, spec, NodeStatus::Joining, before);
    emitRejoin(step, node, before);
    state.departed.erase(spec.id);
    putNode(step, node);
    return {};
  }
  if (state.nodes.size() >= kMaxNodes) {
    return refused(OutcomeCode::InvalidArgument, "a cluster may have 10000 nodes");
  }
  const auto node = newLife(step, spec, NodeStatus::Joining, {});
  step.emit(NodeJoin{node, static_cast<std::uint32_t>(state.liveNodeCount() + 1), NodeJoin::Kind::Join});
  putNode(step, node);
  return {};
}

NodeStatus statusAfterReturn(const NodeRecord& node) {
  if (node.status == NodeStatus::Joining || node.status == NodeStatus::Left) return NodeStatus::Joining;
  return node.drainRequested ? NodeStatus::Draining : NodeStatus::Active;
}

Outcome returnOf(ApplyStep& step, const NodeRecord& old, const NodeSpec& spec, WallTime lastSeenAt) {
  const bool sameRun = spec.boot != 0 && spec.boot == old.spec.boot;
  if (sameRun && isLive(old.status)) return {};  // an announcement repeated
  NodeRecord node = old;
  const EarlierLife before{
      old.incarnation, old.joinedAt, lastSign(step, old, lastSeenAt),
      isLive(old.status) ? ownedBy(step.state, spec.member).all() : old.partitionsBeforeLeave};
  node.spec = spec;
  node.status = statusAfterReturn(old);
  node.incarnation = old.incarnation + 1;
  node.lastSeenAt = step.now;
  node.absentSince = {};
  node.partitionsBeforeLeave.clear();
  const auto record = std::make_shared<const NodeRecord>(std::move(node));
  emitRejoin(step, record, before);
  putNode(step, record);
  return {};
}

// Checks what both kinds of announcement share; the node's record when the member is known.
std::optional<Outcome> checkAnnouncement(const ClusterState& state, const NodeSpec& spec) {
  if (std::string fault = checkNodeSpec(state, spec); !fault.empty()) {
    return refused(OutcomeCode::InvalidArgument, std::move(fault));
  }
  if (state.tombstones.find(BigEndianKey(spec.member))) {
    return refused(OutcomeCode::MemberRemoved, "the data folder of node " + spec.id +
                                                   " belongs to a removed member; start with an empty one");
  }
  const NodeRecord* known = state.findNode(spec.member);
  if (known && known->spec.id != spec.id) {
    return refused(OutcomeCode::DuplicateMember,
                   "the data folder of node " + spec.id + " belongs to node " + known->spec.id);
  }
  return std::nullopt;
}

}  // namespace

Outcome applyBody(ApplyStep& step, const CreateCluster& command) {
  ClusterState& state = step.state;
  std::string fault = checkFacts(command.facts);
  if (fault.empty()) fault = checkNodeSpec(state, command.firstNode);
  if (!fault.empty()) return refused(OutcomeCode::InvalidArgument, std::move(fault));
  ClusterFacts facts = command.facts;
  facts.createdAt = step.now;
  state.facts = std::make_shared<const ClusterFacts>(facts);
  state.seedMaps(facts.seed);
  state.partitions = std::make_shared<const PartitionMap>(facts.partitionCount);
  const auto node = newLife(step, command.firstNode, NodeStatus::Active, {});
  step.emit(NodeJoin{node, 1, NodeJoin::Kind::Bootstrap});
  putNode(step, node);
  assignAllTo(step, node->spec);
  return {};
}

Outcome applyBody(ApplyStep& step, const AddNode& command) {
  if (auto refusal = checkAnnouncement(step.state, command.node)) return *std::move(refusal);
  const NodeRecord* known = step.state.findNode(command.node.member);
  return known ? returnOf(step, *known, command.node, command.lastSeenAt) : addUnknownMember(step, command);
}

Outcome applyBody(ApplyStep& step, const RejoinNode& command) {
  if (auto refusal = checkAnnouncement(step.state, command.node)) return *std::move(refusal);
  const NodeRecord* known = step.state.findNode(command.node.member);
  if (!known)
    return refused(OutcomeCode::NotFound, "node " + command.node.id + " is not known with this data folder");
  return returnOf(step, *known, command.node, command.lastSeenAt);
}

Outcome applyBody(ApplyStep& step, const UpdateNode& command) {
  if (auto refusal = checkAnnouncement(step.state, command.node)) return *std::move(refusal);
  const NodeRecord* known = step.state.findNode(command.node.member);
  if (!known)
    return refused(OutcomeCode::NotFound, "node " + command.node.id + " is not known with this data folder");
  if (known->spec == command.node) return {};
  NodeRecord node = *known;
  node.spec = command.node;
  putNode(step, std::make_shared<const NodeRecord>(std::move(node)));
  return {};
}

}  // namespace clusterkit
