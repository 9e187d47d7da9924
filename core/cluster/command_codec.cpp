#include "cluster/command_codec.hpp"

#include "cluster/message_arena.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

constexpr std::uint32_t kFormat = 2;  // 2: idempotent_request

// --- Writing: one function per body ---

void writeChanges(const std::vector<OwnerChange>& changes,
                  google::protobuf::RepeatedPtrField<proto::OwnerChange>* out) {
  for (const auto& change : changes) *out->Add() = toProto(change.partition, change.owners);
}

void write(const CreateCluster& in, proto::Command& out) {
  *out.mutable_create_cluster()->mutable_facts() = toProto(in.facts);
  *out.mutable_create_cluster()->mutable_first_node() = toProto(in.firstNode);
}

template <class Announcement>
void writeAnnouncement(const Announcement& in, proto::AnnounceNode* out) {
  *out->mutable_node() = toProto(in.node);
  out->set_last_seen_ns(toNanoseconds(in.lastSeenAt));
}

void write(const AddNode& in, proto::Command& out) { writeAnnouncement(in, out.mutable_add_node()); }
void write(const RejoinNode& in, proto::Command& out) { writeAnnouncement(in, out.mutable_rejoin_node()); }

void write(const UpdateNode& in, proto::Command& out) {
  *out.mutable_update_node()->mutable_node() = toProto(in.node);
}

void write(const SetNodeStatus& in, proto::Command& out) {
  auto* body = out.mutable_set_node_status();
  body->set_member(in.member.value);
  body->set_incarnation(in.incarnation);
  body->set_status(writeEnum(in.status));
  body->set_last_seen_ns(toNanoseconds(in.lastSeenAt));
  writeChanges(in.promotions, body->mutable_promotions());
  body->set_map_epoch(in.mapEpoch.value);
}

void write(const DrainNode& in, proto::Command& out) {
  out.mutable_drain_node()->set_member(in.member.value);
}
void write(const UndrainNode& in, proto::Command& out) {
  out.mutable_undrain_node()->set_member(in.member.value);
}
void write(const AnnounceLeader& in, proto::Command& out) {
  out.mutable_announce_leader()->set_member(in.leader.value);
}

void write(const RemoveNode& in, proto::Command& out) {
  auto* body = out.mutable_remove_node();
  body->set_member(in.member.value);
  body->set_reason(writeEnum(in.reason));
  body->set_consent(writeEnum(in.consent));
}

void write(const StartRebalance& in, proto::Command& out) {
  auto* body = out.mutable_start_rebalance();
  body->set_map_epoch(in.mapEpoch.value);
  body->set_trigger(writeEnum(in.trigger));
  body->set_trigger_node(in.triggerNode);
  body->set_handoff(writeEnum(in.handoff));
  writeChanges(in.moves, body->mutable_moves());
}

void write(const BeginMoves& in, proto::Command& out) {
  auto* body = out.mutable_begin_moves();
  body->set_plan(in.plan.value);
  writePartitions(in.partitions, body->mutable_partitions());
}

void write(const FinishHandoffs& in, proto::Command& out) {
  auto* body = out.mutable_finish_handoffs();
  body->set_plan(in.plan.value);
  writePartitions(in.partitions, body->mutable_partitions());
}

void write(const ReportPartitionReady& in, proto::Command& out) {
  auto* body = out.mutable_report_partition_ready();
  body->set_partition(in.partition.value);
  body->set_member(in.member.value);
  body->set_handoff(in.handoff.value);
}

void write(const ControlRebalance& in, proto::Command& out) {
  auto* body = out.mutable_control_rebalance();
  body->set_plan(in.plan.value);
  body->set_action(writeEnum(in.action));
}

void write(const PromoteReplicas& in, proto::Command& out) {
  auto* body = out.mutable_promote_replicas();
  body->set_map_epoch(in.mapEpoch.value);
  writeChanges(in.changes, body->mutable_changes());
}

void write(const SetValue& in, proto::Command& out) {
  auto* body = out.mutable_set_value();
  body->set_key(in.key);
  body->set_value(in.bytes);
  if (in.expectedVersion) body->set_expected_version(*in.expectedVersion);
}

void write(const DeleteValue& in, proto::Command& out) {
  auto* body = out.mutable_delete_value();
  body->set_key(in.key);
  if (in.expectedVersion) body->set_expected_version(*in.expectedVersion);
}

void write(const SetSinkCursor& in, proto::Command& out) {
  *out.mutable_set_sink_cursor()->mutable_cursor() = toProto(in.sink, in.cursor);
  out.mutable_set_sink_cursor()->set_change(writeEnum(in.change));
}

void write(const RecoverCluster& in, proto::Command& out) {
  auto* body = out.mutable_recover_cluster();
  body->set_from(in.from.value);
  body->set_to(in.to.value);
  body->set_survivor(in.survivor.value);
}

// --- Reading: false for a word that this version does not know ---

bool readChanges(const google::protobuf::RepeatedPtrField<proto::OwnerChange>& in,
                 std::vector<OwnerChange>& out) {
  out.reserve(static_cast<std::size_t>(in.size()));
  for (const auto& change : in) {
    if (!fromProto(change, out.emplace_back())) return false;
  }
  return true;
}

bool read(const proto::CreateCluster& in, CreateCluster& out) {
  return fromProto(in.facts(), out.facts) && fromProto(in.first_node(), out.firstNode);
}

template <class Announcement>
bool read(const proto::AnnounceNode& in, Announcement& out) {
  out.lastSeenAt = fromNanoseconds(in.last_seen_ns());
  return fromProto(in.node(), out.node);
}

bool read(const proto::UpdateNode& in, UpdateNode& out) { return fromProto(in.node(), out.node); }

bool read(const proto::SetNodeStatus& in, SetNodeStatus& out) {
  out.member = MemberId(in.member());
  out.incarnation = in.incarnation();
  out.lastSeenAt = fromNanoseconds(in.last_seen_ns());
  out.mapEpoch = Epoch(in.map_epoch());
  return readEnum(in.status(), out.status) && readChanges(in.promotions(), out.promotions);
}

bool read(const proto::RemoveNode& in, RemoveNode& out) {
  out.member = MemberId(in.member());
  return readEnum(in.reason(), out.reason) && readEnum(in.consent(), out.consent);
}

bool read(const proto::StartRebalance& in, StartRebalance& out) {
  out.mapEpoch = Epoch(in.map_epoch());
  out.triggerNode = in.trigger_node();
  return readEnum(in.trigger(), out.trigger) && readEnum(in.handoff(), out.handoff) &&
         readChanges(in.moves(), out.moves);
}

template <class Body>
bool read(const proto::PlanPartitions& in, Body& out) {
  out.plan = LogIndex(in.plan());
  out.partitions = readPartitions(in.partitions());
  return true;
}

bool read(const proto::ReportPartitionReady& in, ReportPartitionReady& out) {
  out.partition = PartitionId(in.partition());
  out.member = MemberId(in.member());
  out.handoff = LogIndex(in.handoff());
  return true;
}

bool read(const proto::ControlRebalance& in, ControlRebalance& out) {
  out.plan = LogIndex(in.plan());
  return readEnum(in.action(), out.action);
}

bool read(const proto::PromoteReplicas& in, PromoteReplicas& out) {
  out.mapEpoch = Epoch(in.map_epoch());
  return readChanges(in.changes(), out.changes);
}

bool read(proto::SetValue& in, SetValue& out) {
  out.key = std::move(*in.mutable_key());
  out.bytes = std::move(*in.mutable_value());
  if (in.has_expected_version()) out.expectedVersion = in.expected_version();
  return true;
}

bool read(const proto::DeleteValue& in, DeleteValue& out) {
  out.key = in.key();
  if (in.has_expected_version()) out.expectedVersion = in.expected_version();
  return true;
}

bool read(const proto::SetSinkCursor& in, SetSinkCursor& out) {
  return fromProto(in.cursor(), out.sink, out.cursor) && readEnum(in.change(), out.change);
}

bool read(const proto::RecoverCluster& in, RecoverCluster& out) {
  out = {ClusterId(in.from()), ClusterId(in.to()), MemberId(in.survivor())};
  return true;
}

bool readBody(proto::Command& in, CommandBody& out) {
  using Case = proto::Command;
  switch (in.body_case()) {
    case Case::kCreateCluster: return read(in.create_cluster(), out.emplace<CreateCluster>());
    case Case::kAddNode: return read(in.add_node(), out.emplace<AddNode>());
    case Case::kRejoinNode: return read(in.rejoin_node(), out.emplace<RejoinNode>());
    case Case::kUpdateNode: return read(in.update_node(), out.emplace<UpdateNode>());
    case Case::kSetNodeStatus: return read(in.set_node_status(), out.emplace<SetNodeStatus>());
    case Case::kDrainNode: out = DrainNode{MemberId(in.drain_node().member())}; return true;
    case Case::kUndrainNode: out = UndrainNode{MemberId(in.undrain_node().member())}; return true;
    case Case::kRemoveNode: return read(in.remove_node(), out.emplace<RemoveNode>());
    case Case::kAnnounceLeader: out = AnnounceLeader{MemberId(in.announce_leader().member())}; return true;
    case Case::kStartRebalance: return read(in.start_rebalance(), out.emplace<StartRebalance>());
    case Case::kBeginMoves: return read(in.begin_moves(), out.emplace<BeginMoves>());
    case Case::kFinishHandoffs: return read(in.finish_handoffs(), out.emplace<FinishHandoffs>());
    case Case::kReportPartitionReady:
      return read(in.report_partition_ready(), out.emplace<ReportPartitionReady>());
    case Case::kControlRebalance: return read(in.control_rebalance(), out.emplace<ControlRebalance>());
    case Case::kPromoteReplicas: return read(in.promote_replicas(), out.emplace<PromoteReplicas>());
    case Case::kSetValue: return read(*in.mutable_set_value(), out.emplace<SetValue>());
    case Case::kDeleteValue: return read(in.delete_value(), out.emplace<DeleteValue>());
    case Case::kSetSinkCursor: return read(in.set_sink_cursor(), out.emplace<SetSinkCursor>());
    case Case::kRecoverCluster: return read(in.recover_cluster(), out.emplace<RecoverCluster>());
    case Case::BODY_NOT_SET: return false;
  }
  return false;
}

CommandError corrupt(std::string message) { return {CommandFault::Corrupt, std::move(message)}; }
CommandError unknown(std::string message) { return {CommandFault::Unknown, std::move(message)}; }

}  // namespace

std::string encodeCommand(const Command& command) {
  proto::Command out;
  out.set_format(kFormat);
  out.set_origin_member(command.origin.member.value);
  out.set_origin_boot(command.origin.boot);
  out.set_origin_sequence(command.origin.sequence);
  out.set_stamp_ns(toNanoseconds(command.stamp));
  if (command.idempotency) {
    out.set_idempotency_key(command.idempotency->key);
    out.set_known_index(command.idempotency->knownIndex.value);
    out.set_idempotent_request(command.idempotency->request);
  }
  std::visit([&out](const auto& body) { write(body, out); }, command.body);
  return out.SerializeAsString();
}

std::variant<Command, CommandError> decodeCommand(std::string_view bytes) {
  MessageArena arena;
  auto& in = arena.make<proto::Command>();
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return corrupt("a command of " + std::to_string(bytes.size()) + " bytes does not parse");
  }
  if (in.format() == 0) return corrupt("a command without a format version");
  if (in.format() > kFormat) {
    return unknown("a command of format " + std::to_string(in.format()) + ", this version knows up to " +
                   std::to_string(kFormat));
  }
  Command command;
  command.origin = {MemberId(in.origin_member()), in.origin_boot(), in.origin_sequence()};
  command.stamp = fromNanoseconds(in.stamp_ns());
  if (!in.idempotency_key().empty()) {
    command.idempotency =
        Idempotency{in.idempotency_key(), LogIndex(in.known_index()), in.idempotent_request()};
  }
  if (!readBody(in, command.body)) {
    return unknown("a command whose body (kind " + std::to_string(in.body_case()) +
                   ") this version does not know");
  }
  return command;
}

std::uint64_t requestDigest(HashSeed seed, std::string_view request) { return sipHash(seed, request); }

std::uint64_t bodyDigest(HashSeed seed, const CommandBody& body) {
  proto::Command out;
  std::visit([&out](const auto& b) { write(b, out); }, body);
  return contentHash(seed, out);
}

}  // namespace clusterkit
