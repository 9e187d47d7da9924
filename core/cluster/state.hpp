// The replicated state: everything that all nodes agree on, after the log up to `appliedIndex`.
//
// A ClusterState is a value whose copies share their parts: copying costs a few reference counts, changing
// one costs what changed. Readers on any thread use a const ClusterState without lock or allocation; only
// apply changes one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/big_endian_key.hpp"
#include "cluster/cluster_facts.hpp"
#include "cluster/event.hpp"
#include "cluster/event_window.hpp"
#include "cluster/health.hpp"
#include "cluster/node.hpp"
#include "cluster/outcome.hpp"
#include "cluster/persistent_map.hpp"
#include "cluster/rebalance.hpp"
#include "cluster/sink_cursor.hpp"
#include "clusterkit/types.hpp"
#include "placement/partition_map.hpp"

namespace clusterkit {

inline constexpr std::size_t kMaxKeyBytes = 512;
inline constexpr std::size_t kMaxValueBytes = 1024 * 1024;
inline constexpr std::size_t kMaxIdempotencyKeyBytes = 255;
// What a value counts against the quota: its bytes and what it costs to keep it, so that many tiny values are
// bounded too.
inline constexpr std::uint64_t kValueOverheadBytes = 128;
constexpr std::uint64_t valueWeight(std::string_view key, std::string_view bytes) {
  return key.size() + bytes.size() + kValueOverheadBytes;
}

struct StoredValue {
  std::shared_ptr<const std::string> bytes;  // never null
  std::uint64_t version = 0;                 // log index of the write
};

// The outcome of a request that carried an idempotency key.
struct IdempotencyRecord {
  std::uint64_t digest = 0;    // of the command's body
  std::uint64_t sequence = 0;  // order of arrival, for eviction
  Outcome outcome;
};

struct LeaderRecord {
  MemberId member;
  NodeId node;
  Epoch term;
  WallTime electedAt{};

  friend bool operator==(const LeaderRecord&, const LeaderRecord&) = default;
};

struct ClusterState {
  LogIndex appliedIndex;  // of the last command; entries without a command do not count
  Epoch appliedTerm;
  WallTime lastStamp{};  // never falls

  std::shared_ptr<const ClusterFacts> facts;  // never null; id 0 before CreateCluster
  std::optional<LeaderRecord> leader;

  // One record under two keys. Nodes in the order of their ids: `nodes`.
  PersistentMap<std::shared_ptr<const NodeRecord>> nodes;          // by id
  PersistentMap<std::shared_ptr<const NodeRecord>> nodesByMember;  // by BigEndianKey(member)
  PersistentMap<DepartedNode> departed;                            // by node id
  PersistentMap<LogIndex> tombstones;  // by BigEndianKey(member): when it was removed

  std::shared_ptr<const PartitionMap> partitions;  // never null
  std::optional<Rebalance> rebalance;
  PersistentMap<Owners> pendingMoves;  // by BigEndianKey(partition): the plan's owners
  PersistentMap<Handoff> handoffs;     // by BigEndianKey(partition)
  std::optional<FinishedRebalance> lastRebalance;
  ClusterHealth health;
  LogIndex
      topologyIndex;  // of the last command that changed what GET /cluster shows: nodes, owners, hand-overs

  PersistentMap<ServiceInstance> services;  // by serviceKey()

  PersistentMap<StoredValue> values;  // weight: valueWeight()

  PersistentMap<IdempotencyRecord> idempotency;  // by the client's key
  PersistentMap<std::string> idempotencyOrder;   // BigEndianKey(sequence) -> key
  PersistentMap<std::uint64_t> retiredKeys;      // BigEndianKey(fingerprint of a forgotten key) -> sequence
  PersistentMap<std::uint64_t> retiredOrder;     // BigEndianKey(sequence) -> fingerprint
  std::uint64_t nextIdempotencySequence = 1;
  LogIndex idempotencyHorizon;  // a key not remembered may have been used at or before this index

  EventWindow events;  // the last facts->eventsRetain
  EventSeq nextEvent{1};

  PersistentMap<SinkCursor> sinkCursors;  // by name, of the hook sinks that only the leader serves

  ClusterState();

  // Empties all maps and keys their shapes and hashes by `seed`; for CreateCluster and the snapshot reader.
  void seedMaps(HashSeed seed);

  bool exists() const { return static_cast<bool>(facts->id); }
  // Null when unknown. No allocation.
  const NodeRecord* findNode(std::string_view id) const noexcept;
  const NodeRecord* findNode(MemberId member) const noexcept;
  // The node's id, or "" for an unknown member.
  std::string_view nodeIdOf(MemberId member) const noexcept;
  bool isLiveMember(MemberId member) const noexcept;
  std::size_t liveNodeCount() const;
  // Null when absent.
  const StoredValue* findValue(std::string_view key) const noexcept { return values.find(key); }
  const Handoff* findHandoff(PartitionId partition) const noexcept {
    return handoffs.find(BigEndianKey(partition));
  }
  const ClusterEvent* findEvent(EventSeq seq) const noexcept;
  // The number of the oldest event kept; equal to nextEvent when none is.
  EventSeq oldestEvent() const noexcept;
  Epoch mapEpoch() const noexcept { return partitions->epoch(); }
};

// What HTTP calls the state of a partition.
enum class PartitionCondition : std::uint8_t {
  Active = 1,           // as many live owners as the replication factor asks for
  UnderReplicated = 2,  // fewer
  Offline = 3,          // owners, but none lives
  Unassigned = 4,       // no owners
  Moving = 5,           // Active or UnderReplicated, and a hand-over runs
};
std::string_view toString(PartitionCondition condition);
PartitionCondition conditionOf(const ClusterState& state, PartitionId partition);

// All that the hash of a state depends on. Small beside the state: whoever keeps it keeps no values alive,
// only the partition map, which most states share with their neighbours.
struct StateHashInput {
  LogIndex index;
  std::uint64_t header = 0;
  std::shared_ptr<const PartitionMap> partitions;
  std::array<std::uint64_t, 10> maps{};
};
StateHashInput hashInputOf(const ClusterState& state);

// Equal for equal content whatever the history, the batches and the snapshots on the way to it. O(owners)
// time; nothing in it depends on addresses, locale or time.
std::uint64_t stateHash(const StateHashInput& input);
inline std::uint64_t stateHash(const ClusterState& state) { return stateHash(hashInputOf(state)); }

}  // namespace clusterkit
