// Events as snapshot records and back.
#include <type_traits>

#include "cluster/message_arena.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

std::shared_ptr<const NodeRecord> readNode(const proto::NodeRecord& in) {
  NodeRecord node;
  if (!fromProto(in, node)) return nullptr;
  return std::make_shared<const NodeRecord>(std::move(node));
}

// --- Writing ---

void write(const NodeJoin& in, proto::EventRecord& record) {
  auto* out = record.mutable_node_join();
  *out->mutable_node() = toProto(*in.node);
  out->set_cluster_size(in.clusterSize);
  out->set_kind(writeEnum(in.kind));
}

void write(const NodeRejoin& in, proto::EventRecord& record) {
  auto* out = record.mutable_node_rejoin();
  *out->mutable_node() = toProto(*in.node);
  out->set_offline_ms(in.offlineDuration.count());
  out->set_last_seen_ns(toNanoseconds(in.lastSeenAt));
  writePartitions(in.partitionsBeforeLeave, out->mutable_partitions_before_leave());
}

void write(const NodeLeave& in, proto::EventRecord& record) {
  auto* out = record.mutable_node_leave();
  *out->mutable_node() = toProto(*in.node);
  out->set_reason(writeEnum(in.reason));
  writePartitions(in.partitionsOwned, out->mutable_partitions_owned());
  writePartitions(in.partitionsReplica, out->mutable_partitions_replica());
}

void writeStart(const RebalanceStart& in, proto::RebalanceStartEvent* out) {
  out->set_plan(in.plan.value);
  out->set_trigger(writeEnum(in.trigger));
  out->set_trigger_node(in.triggerNode);
  out->set_partitions_to_move(in.partitionsToMove);
  writeIds(in.nodesAffected, out->mutable_nodes_affected());
}

void write(const RebalanceStart& in, proto::EventRecord& record) {
  writeStart(in, record.mutable_rebalance_start());
}

void write(const RebalanceComplete& in, proto::EventRecord& record) {
  auto* out = record.mutable_rebalance_complete();
  writeStart(in.start, out->mutable_start());
  out->set_duration_ms(in.duration.count());
  out->set_outcome(writeEnum(in.outcome));
}

void write(const PartitionChange& in, proto::EventRecord& record) {
  auto* out = record.mutable_partition_change();
  out->set_partition(in.partition.value);
  writeIds(in.copyFromNodes, out->mutable_copy_from_nodes());
  out->set_copy_to_node(in.copyToNode);
  out->set_reason(writeEnum(in.reason));
  out->set_old_primary(in.oldPrimary);
  out->set_new_primary(in.newPrimary);
  out->set_partition_epoch(in.partitionEpoch.value);
}

template <class Event>
void writeAtNode(const Event& in, proto::PartitionNodeEvent* out) {
  out->set_partition(in.partition.value);
  out->set_node(in.node);
  out->set_partition_epoch(in.partitionEpoch.value);
}

void write(const PartitionReleased& in, proto::EventRecord& record) {
  writeAtNode(in, record.mutable_partition_released());
}

void write(const PartitionReady& in, proto::EventRecord& record) {
  writeAtNode(in, record.mutable_partition_ready());
}

void write(const ClusterHealthChange& in, proto::EventRecord& record) {
  auto* out = record.mutable_cluster_health_change();
  out->set_status(writeEnum(in.health.status));
  out->set_healthy_nodes(in.health.healthyNodes);
  out->set_total_nodes(in.health.totalNodes);
  writeIds(in.health.unhealthyNodeIds, out->mutable_unhealthy_node_ids());
  out->set_partitions_offline(in.health.partitionsOffline);
  out->set_partitions_under_replicated(in.health.partitionsUnderReplicated);
}

void write(const ServiceChange& in, proto::EventRecord& record) {
  auto* out = record.mutable_service_change();
  *out->mutable_spec() = toProto(in.instance.spec);
  out->set_node(in.instance.node);
  out->set_passing(in.instance.passing == Passing::Yes);
  out->set_kind(writeEnum(in.kind));
}

void write(const ValueChange& in, proto::EventRecord& record) {
  auto* out = record.mutable_value_change();
  out->set_key(in.key);
  out->set_version(in.version);
  out->set_size(in.size);
  out->set_kind(writeEnum(in.kind));
}

void write(const LeaderChange& in, proto::EventRecord& record) {
  auto* out = record.mutable_leader_change();
  out->set_leader(in.leader);
  out->set_previous_leader(in.previousLeader);
  out->set_term(in.term.value);
}

// A gap is made by a reader of events and never stored.
void write(const Gap&, proto::EventRecord&) {}

// --- Reading ---

bool read(const proto::NodeJoinEvent& in, NodeJoin& out) {
  out.node = readNode(in.node());
  out.clusterSize = in.cluster_size();
  return out.node && readEnum(in.kind(), out.kind);
}

bool read(const proto::NodeRejoinEvent& in, NodeRejoin& out) {
  out.node = readNode(in.node());
  out.offlineDuration = std::chrono::milliseconds(in.offline_ms());
  out.lastSeenAt = fromNanoseconds(in.last_seen_ns());
  out.partitionsBeforeLeave = readPartitions(in.partitions_before_leave());
  return out.node != nullptr;
}

bool read(const proto::NodeLeaveEvent& in, NodeLeave& out) {
  out.node = readNode(in.node());
  out.partitionsOwned = readPartitions(in.partitions_owned());
  out.partitionsReplica = readPartitions(in.partitions_replica());
  return out.node && readEnum(in.reason(), out.reason);
}

bool read(const proto::RebalanceStartEvent& in, RebalanceStart& out) {
  out.plan = LogIndex(in.plan());
  out.triggerNode = in.trigger_node();
  out.partitionsToMove = in.partitions_to_move();
  out.nodesAffected = readIds(in.nodes_affected());
  return readEnum(in.trigger(), out.trigger);
}

bool read(const proto::RebalanceCompleteEvent& in, RebalanceComplete& out) {
  out.duration = std::chrono::milliseconds(in.duration_ms());
  return read(in.start(), out.start) && readEnum(in.outcome(), out.outcome);
}

bool read(const proto::PartitionChangeEvent& in, PartitionChange& out) {
  out.partition = PartitionId(in.partition());
  out.copyFromNodes = readIds(in.copy_from_nodes());
  out.copyToNode = in.copy_to_node();
  out.oldPrimary = in.old_primary();
  out.newPrimary = in.new_primary();
  out.partitionEpoch = Epoch(in.partition_epoch());
  return readEnum(in.reason(), out.reason);
}

template <class Event>
bool read(const proto::PartitionNodeEvent& in, Event& out) {
  out.partition = PartitionId(in.partition());
  out.node = in.node();
  out.partitionEpoch = Epoch(in.partition_epoch());
  return true;
}

bool read(const proto::HealthEvent& in, ClusterHealthChange& out) {
  out.health.healthyNodes = in.healthy_nodes();
  out.health.totalNodes = in.total_nodes();
  out.health.unhealthyNodeIds = readIds(in.unhealthy_node_ids());
  out.health.partitionsOffline = in.partitions_offline();
  out.health.partitionsUnderReplicated = in.partitions_under_replicated();
  return readEnum(in.status(), out.health.status);
}

bool read(const proto::ServiceEvent& in, ServiceChange& out) {
  out.instance.node = in.node();
  out.instance.passing = in.passing() ? Passing::Yes : Passing::No;
  return fromProto(in.spec(), out.instance.spec) && readEnum(in.kind(), out.kind);
}

bool read(const proto::ValueEvent& in, ValueChange& out) {
  out.key = in.key();
  out.version = in.version();
  out.size = in.size();
  return readEnum(in.kind(), out.kind);
}

bool read(const proto::LeaderEvent& in, LeaderChange& out) {
  out.leader = in.leader();
  out.previousLeader = in.previous_leader();
  out.term = Epoch(in.term());
  return true;
}

bool readBody(const proto::EventRecord& in, EventBody& out) {
  using Record = proto::EventRecord;
  switch (in.body_case()) {
    case Record::kNodeJoin: return read(in.node_join(), out.emplace<NodeJoin>());
    case Record::kNodeRejoin: return read(in.node_rejoin(), out.emplace<NodeRejoin>());
    case Record::kNodeLeave: return read(in.node_leave(), out.emplace<NodeLeave>());
    case Record::kRebalanceStart: return read(in.rebalance_start(), out.emplace<RebalanceStart>());
    case Record::kPartitionChange: return read(in.partition_change(), out.emplace<PartitionChange>());
    case Record::kRebalanceComplete: return read(in.rebalance_complete(), out.emplace<RebalanceComplete>());
    case Record::kClusterHealthChange:
      return read(in.cluster_health_change(), out.emplace<ClusterHealthChange>());
    case Record::kPartitionReleased: return read(in.partition_released(), out.emplace<PartitionReleased>());
    case Record::kPartitionReady: return read(in.partition_ready(), out.emplace<PartitionReady>());
    case Record::kServiceChange: return read(in.service_change(), out.emplace<ServiceChange>());
    case Record::kValueChange: return read(in.value_change(), out.emplace<ValueChange>());
    case Record::kLeaderChange: return read(in.leader_change(), out.emplace<LeaderChange>());
    case Record::BODY_NOT_SET: return false;
  }
  return false;
}

}  // namespace

std::string encodeEvent(const ClusterEvent& event) {
  MessageArena arena;
  auto& out = arena.make<proto::EventRecord>();
  out.set_seq(event.seq.value);
  out.set_index(event.index.value);
  out.set_epoch(event.epoch.value);
  out.set_stamp_ns(toNanoseconds(event.stamp));
  std::visit([&out](const auto& body) { write(body, out); }, event.body);
  return out.SerializeAsString();
}

bool fromProto(const proto::EventRecord& in, ClusterEvent& out) {
  out.seq = EventSeq(in.seq());
  out.index = LogIndex(in.index());
  out.epoch = Epoch(in.epoch());
  out.stamp = fromNanoseconds(in.stamp_ns());
  return readBody(in, out.body);
}

}  // namespace clusterkit
