#include "cluster/record_codec.hpp"

namespace clusterkit {

proto::ServiceSpec toProto(const ServiceSpec& spec) {
  proto::ServiceSpec out;
  out.set_service(spec.service);
  out.set_id(spec.id);
  out.set_address(spec.address);
  out.set_port(spec.port);
  for (const auto& tag : spec.tags) out.add_tags(tag);
  for (const auto& [key, value] : spec.meta) {
    auto* meta = out.add_meta();
    meta->set_key(key);
    meta->set_value(value);
  }
  return out;
}

bool fromProto(const proto::ServiceSpec& in, ServiceSpec& out) {
  out.service = in.service();
  out.id = in.id();
  out.address = in.address();
  out.port = in.port();
  out.tags.assign(in.tags().begin(), in.tags().end());
  out.meta.clear();
  for (const auto& meta : in.meta()) {
    if (!out.meta.emplace(meta.key(), meta.value()).second) return false;
  }
  return true;
}

proto::NodeSpec toProto(const NodeSpec& spec) {
  proto::NodeSpec out;
  out.set_id(spec.id);
  out.set_member(spec.member.value);
  out.set_boot(spec.boot);
  out.set_name(spec.name);
  out.set_http_address(spec.httpAddress);
  out.set_transport_address(spec.transportAddress);
  out.set_transport_key(spec.transportKey);
  out.set_zone(spec.zone);
  out.set_weight(spec.weight);
  out.set_version(spec.version);
  for (const auto& service : spec.services) *out.add_services() = toProto(service);
  return out;
}

bool fromProto(const proto::NodeSpec& in, NodeSpec& out) {
  out.id = in.id();
  out.member = MemberId(in.member());
  out.boot = in.boot();
  out.name = in.name();
  out.httpAddress = in.http_address();
  out.transportAddress = in.transport_address();
  out.transportKey = in.transport_key();
  out.zone = in.zone();
  out.weight = in.weight();
  out.version = in.version();
  out.services.clear();
  for (const auto& service : in.services()) {
    if (!fromProto(service, out.services.emplace_back())) return false;
  }
  return true;
}

proto::ClusterFacts toProto(const ClusterFacts& facts) {
  proto::ClusterFacts out;
  out.set_id(facts.id.value);
  out.set_name(facts.name);
  out.set_seed(facts.seed.value);
  out.set_partition_count(facts.partitionCount);
  out.set_replication_factor(facts.replicationFactor);
  out.set_max_voters(facts.maxVoters);
  out.set_strategy(facts.strategy);
  out.set_value_quota_bytes(facts.valueQuotaBytes);
  out.set_events_retain(facts.eventsRetain);
  out.set_idempotency_retain(facts.idempotencyRetain);
  out.set_created_ns(toNanoseconds(facts.createdAt));
  for (const EarlierGeneration& generation : facts.earlier) {
    auto* record = out.add_earlier();
    record->set_id(generation.id.value);
    record->set_end(generation.end.value);
  }
  return out;
}

bool fromProto(const proto::ClusterFacts& in, ClusterFacts& out) {
  out.id = ClusterId(in.id());
  out.name = in.name();
  out.seed = HashSeed{in.seed()};
  out.partitionCount = in.partition_count();
  out.replicationFactor = in.replication_factor();
  out.maxVoters = in.max_voters();
  out.strategy = in.strategy();
  out.valueQuotaBytes = in.value_quota_bytes();
  out.eventsRetain = in.events_retain();
  out.idempotencyRetain = in.idempotency_retain();
  out.createdAt = fromNanoseconds(in.created_ns());
  out.earlier.clear();
  for (const auto& record : in.earlier())
    out.earlier.push_back({ClusterId(record.id()), EventSeq(record.end())});
  return true;
}

proto::OwnerChange toProto(PartitionId partition, const Owners& owners) {
  proto::OwnerChange out;
  out.set_partition(partition.value);
  writeMembers(owners, out.mutable_owners());
  return out;
}

bool fromProto(const proto::OwnerChange& in, OwnerChange& out) {
  out.partition = PartitionId(in.partition());
  out.owners = readMembers(in.owners());
  return true;
}

proto::NodeRecord toProto(const NodeRecord& node) {
  proto::NodeRecord out;
  *out.mutable_spec() = toProto(node.spec);
  out.set_status(writeEnum(node.status));
  out.set_drain_requested(node.drainRequested);
  out.set_incarnation(node.incarnation);
  out.set_joined_ns(toNanoseconds(node.joinedAt));
  out.set_last_seen_ns(toNanoseconds(node.lastSeenAt));
  out.set_absent_since_ns(toNanoseconds(node.absentSince));
  writePartitions(node.partitionsBeforeLeave, out.mutable_partitions_before_leave());
  return out;
}

bool fromProto(const proto::NodeRecord& in, NodeRecord& out) {
  out.drainRequested = in.drain_requested();
  out.incarnation = in.incarnation();
  out.joinedAt = fromNanoseconds(in.joined_ns());
  out.lastSeenAt = fromNanoseconds(in.last_seen_ns());
  out.absentSince = fromNanoseconds(in.absent_since_ns());
  out.partitionsBeforeLeave = readPartitions(in.partitions_before_leave());
  return fromProto(in.spec(), out.spec) && readEnum(in.status(), out.status);
}

proto::DepartedRecord toProto(const DepartedNode& node) {
  proto::DepartedRecord out;
  out.set_id(node.id);
  out.set_member(node.member.value);
  out.set_incarnation(node.incarnation);
  out.set_joined_ns(toNanoseconds(node.joinedAt));
  out.set_last_seen_ns(toNanoseconds(node.lastSeenAt));
  writePartitions(node.partitionsBeforeLeave, out.mutable_partitions_before_leave());
  out.set_removed_at(node.removedAt.value);
  return out;
}

bool fromProto(const proto::DepartedRecord& in, DepartedNode& out) {
  out.id = in.id();
  out.member = MemberId(in.member());
  out.incarnation = in.incarnation();
  out.joinedAt = fromNanoseconds(in.joined_ns());
  out.lastSeenAt = fromNanoseconds(in.last_seen_ns());
  out.partitionsBeforeLeave = readPartitions(in.partitions_before_leave());
  out.removedAt = LogIndex(in.removed_at());
  return true;
}

proto::RebalanceRecord toProto(const Rebalance& rebalance) {
  proto::RebalanceRecord out;
  out.set_plan(rebalance.plan.value);
  out.set_trigger(writeEnum(rebalance.trigger));
  out.set_trigger_node(rebalance.triggerNode);
  out.set_handoff(writeEnum(rebalance.handoff));
  out.set_phase(writeEnum(rebalance.phase));
  out.set_started_ns(toNanoseconds(rebalance.startedAt));
  out.set_partitions_to_move(rebalance.partitionsToMove);
  out.set_partitions_moved(rebalance.partitionsMoved);
  out.set_partitions_dropped(rebalance.partitionsDropped);
  writeIds(rebalance.nodesAffected, out.mutable_nodes_affected());
  return out;
}

bool fromProto(const proto::RebalanceRecord& in, Rebalance& out) {
  out.plan = LogIndex(in.plan());
  out.triggerNode = in.trigger_node();
  out.startedAt = fromNanoseconds(in.started_ns());
  out.partitionsToMove = in.partitions_to_move();
  out.partitionsMoved = in.partitions_moved();
  out.partitionsDropped = in.partitions_dropped();
  out.nodesAffected = readIds(in.nodes_affected());
  return readEnum(in.trigger(), out.trigger) && readEnum(in.handoff(), out.handoff) &&
         readEnum(in.phase(), out.phase);
}

proto::HandoffRecord toProto(const Handoff& handoff) {
  proto::HandoffRecord out;
  out.set_partition(handoff.partition.value);
  out.set_id(handoff.id.value);
  writeMembers(handoff.target, out.mutable_target());
  writeMembers(handoff.waiting, out.mutable_waiting());
  out.set_started_ns(toNanoseconds(handoff.startedAt));
  return out;
}

bool fromProto(const proto::HandoffRecord& in, Handoff& out) {
  out.partition = PartitionId(in.partition());
  out.id = LogIndex(in.id());
  out.target = readMembers(in.target());
  out.waiting = readMembers(in.waiting());
  out.startedAt = fromNanoseconds(in.started_ns());
  return true;
}

proto::IdempotencyRecord toProto(std::string_view key, const IdempotencyRecord& record) {
  proto::IdempotencyRecord out;
  out.set_key(std::string(key));
  out.set_digest(record.digest);
  out.set_sequence(record.sequence);
  auto* outcome = out.mutable_outcome();
  outcome->set_code(writeEnum(record.outcome.code));
  outcome->set_index(record.outcome.index.value);
  outcome->set_version(record.outcome.version);
  outcome->set_message(record.outcome.message);
  return out;
}

bool fromProto(const proto::IdempotencyRecord& in, std::string& key, IdempotencyRecord& out) {
  key = in.key();
  out.digest = in.digest();
  out.sequence = in.sequence();
  out.outcome.index = LogIndex(in.outcome().index());
  out.outcome.version = in.outcome().version();
  out.outcome.message = in.outcome().message();
  return readEnum(in.outcome().code(), out.outcome.code);
}

proto::SinkCursor toProto(std::string_view sink, const SinkCursor& cursor) {
  proto::SinkCursor out;
  out.set_sink(std::string(sink));
  out.set_delivered(cursor.delivered.value);
  for (const EventSeq seq : cursor.above) out.add_above(seq.value);
  out.set_paused(cursor.paused);
  out.set_generation(cursor.generation);
  return out;
}

bool fromProto(const proto::SinkCursor& in, std::string& sink, SinkCursor& out) {
  sink = in.sink();
  out.delivered = EventSeq(in.delivered());
  for (const std::uint64_t seq : in.above()) out.above.emplace_back(seq);
  out.paused = in.paused();
  out.generation = in.generation();
  return true;
}

proto::HeaderRecord headerOf(const ClusterState& state) {
  proto::HeaderRecord out;
  out.set_format(1);
  out.set_applied_index(state.appliedIndex.value);
  out.set_applied_term(state.appliedTerm.value);
  out.set_last_stamp_ns(toNanoseconds(state.lastStamp));
  if (state.exists()) *out.mutable_facts() = toProto(*state.facts);
  if (state.leader) {
    auto* leader = out.mutable_leader();
    leader->set_member(state.leader->member.value);
    leader->set_node(state.leader->node);
    leader->set_term(state.leader->term.value);
    leader->set_elected_ns(toNanoseconds(state.leader->electedAt));
  }
  out.set_map_epoch(state.mapEpoch().value);
  if (state.rebalance) *out.mutable_rebalance() = toProto(*state.rebalance);
  if (state.lastRebalance) {
    auto* last = out.mutable_last_rebalance();
    *last->mutable_rebalance() = toProto(state.lastRebalance->rebalance);
    last->set_outcome(writeEnum(state.lastRebalance->outcome));
    last->set_finished_ns(toNanoseconds(state.lastRebalance->finishedAt));
  }
  out.set_topology_index(state.topologyIndex.value);
  out.set_next_idempotency_sequence(state.nextIdempotencySequence);
  out.set_idempotency_horizon(state.idempotencyHorizon.value);
  out.set_next_event(state.nextEvent.value);
  return out;
}

bool readHeader(const proto::HeaderRecord& in, ClusterState& out, Epoch& mapEpoch) {
  out.appliedIndex = LogIndex(in.applied_index());
  out.appliedTerm = Epoch(in.applied_term());
  out.lastStamp = fromNanoseconds(in.last_stamp_ns());
  if (in.has_facts()) {
    ClusterFacts facts;
    if (!fromProto(in.facts(), facts)) return false;
    out.facts = std::make_shared<const ClusterFacts>(std::move(facts));
  }
  if (in.has_leader()) {
    const auto& leader = in.leader();
    out.leader = LeaderRecord{MemberId(leader.member()), leader.node(), Epoch(leader.term()),
                              fromNanoseconds(leader.elected_ns())};
  }
  mapEpoch = Epoch(in.map_epoch());
  if (in.has_rebalance() && !fromProto(in.rebalance(), out.rebalance.emplace())) return false;
  if (in.has_last_rebalance()) {
    auto& last = out.lastRebalance.emplace();
    last.finishedAt = fromNanoseconds(in.last_rebalance().finished_ns());
    if (!fromProto(in.last_rebalance().rebalance(), last.rebalance) ||
        !readEnum(in.last_rebalance().outcome(), last.outcome)) {
      return false;
    }
  }
  out.topologyIndex = LogIndex(in.topology_index());
  out.nextIdempotencySequence = in.next_idempotency_sequence();
  out.idempotencyHorizon = LogIndex(in.idempotency_horizon());
  out.nextEvent = EventSeq(in.next_event());
  return true;
}

}  // namespace clusterkit
