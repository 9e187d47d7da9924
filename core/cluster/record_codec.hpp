// Between the parts of the state and their protobuf records. Internal: included by the codecs, the state hash
// and apply.
//
// toProto always succeeds. fromProto is false when a field cannot be one of ours (an unknown enum, a number
// too large); it says nothing about whether the parts fit together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/state.hpp"
#include "command.pb.h"
#include "snapshot.pb.h"

namespace clusterkit {

// Enums: a number without a word is none of ours.
template <class E>
bool readEnum(std::uint32_t raw, E& out) {
  if (raw > 255 || toString(static_cast<E>(raw)).empty()) return false;
  out = static_cast<E>(raw);
  return true;
}
template <class E>
std::uint32_t writeEnum(E value) {
  return static_cast<std::uint32_t>(value);
}

inline std::int64_t toNanoseconds(WallTime time) { return time.time_since_epoch().count(); }
// Nothing here happened before 1970: a time that says so is no time, and differences must not overflow.
inline WallTime fromNanoseconds(std::int64_t ns) { return WallTime(Duration(ns < 0 ? 0 : ns)); }

proto::ServiceSpec toProto(const ServiceSpec& spec);
bool fromProto(const proto::ServiceSpec& in, ServiceSpec& out);
proto::NodeSpec toProto(const NodeSpec& spec);
bool fromProto(const proto::NodeSpec& in, NodeSpec& out);
proto::ClusterFacts toProto(const ClusterFacts& facts);
bool fromProto(const proto::ClusterFacts& in, ClusterFacts& out);
proto::OwnerChange toProto(PartitionId partition, const Owners& owners);
bool fromProto(const proto::OwnerChange& in, OwnerChange& out);

proto::NodeRecord toProto(const NodeRecord& node);
bool fromProto(const proto::NodeRecord& in, NodeRecord& out);
proto::DepartedRecord toProto(const DepartedNode& node);
bool fromProto(const proto::DepartedRecord& in, DepartedNode& out);
proto::RebalanceRecord toProto(const Rebalance& rebalance);
bool fromProto(const proto::RebalanceRecord& in, Rebalance& out);
proto::HandoffRecord toProto(const Handoff& handoff);
bool fromProto(const proto::HandoffRecord& in, Handoff& out);
proto::IdempotencyRecord toProto(std::string_view key, const IdempotencyRecord& record);
bool fromProto(const proto::IdempotencyRecord& in, std::string& key, IdempotencyRecord& out);
proto::SinkCursor toProto(std::string_view sink, const SinkCursor& cursor);
bool fromProto(const proto::SinkCursor& in, std::string& sink, SinkCursor& out);

// The parts of the state that are no maps.
proto::HeaderRecord headerOf(const ClusterState& state);
bool readHeader(const proto::HeaderRecord& in, ClusterState& out, Epoch& mapEpoch);

// Events; see event_codec.cpp. The id is not stored: it follows from the cluster and the number.
std::string encodeEvent(const ClusterEvent& event);  // an EventRecord
bool fromProto(const proto::EventRecord& in, ClusterEvent& out);

// Lists of numbers and ids.
template <class Out>
void writeMembers(const Owners& members, Out* out) {
  out->Reserve(static_cast<int>(members.size()));
  for (const MemberId member : members) out->Add(member.value);
}
template <class In>
Owners readMembers(const In& in) {
  Owners members;
  members.reserve(static_cast<std::size_t>(in.size()));
  for (const std::uint64_t member : in) members.emplace_back(member);
  return members;
}
template <class Out>
void writePartitions(const std::vector<PartitionId>& partitions, Out* out) {
  for (const PartitionId partition : partitions) out->Add(partition.value);
}
template <class In>
std::vector<PartitionId> readPartitions(const In& in) {
  std::vector<PartitionId> partitions;
  partitions.reserve(static_cast<std::size_t>(in.size()));
  for (const std::uint32_t partition : in) partitions.emplace_back(partition);
  return partitions;
}
template <class Out>
void writeIds(const std::vector<NodeId>& ids, Out* out) {
  for (const NodeId& id : ids) *out->Add() = id;
}
template <class In>
std::vector<NodeId> readIds(const In& in) {
  return {in.begin(), in.end()};
}

// The content hash of a part: of its record's bytes. The records have no maps, so their bytes have one order.
template <class Record>
std::uint64_t contentHash(HashSeed seed, const Record& record) {
  return sipHash(seed, record.SerializeAsString());
}
inline std::uint64_t valueHash(HashSeed seed, std::string_view bytes, std::uint64_t version) {
  return mixBits(sipHash(seed, bytes) + mixBits(version));
}

}  // namespace clusterkit
