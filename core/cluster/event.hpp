// What the cluster tells applications. Events come out of apply, so every node has the same ones in the order
// of the log. Names and fields are a promise (semantics.md, events); event_json.hpp is the one place that
// writes them down.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/health.hpp"
#include "cluster/node.hpp"
#include "cluster/rebalance.hpp"
#include "clusterkit/types.hpp"
#include "placement/partition_id.hpp"

namespace clusterkit {

struct NodeJoin {
  std::shared_ptr<const NodeRecord> node;
  std::uint32_t clusterSize = 0;  // live nodes, this one included
  enum class Kind : std::uint8_t { Join = 1, Bootstrap = 2 } kind = Kind::Join;
};

std::string_view toString(NodeJoin::Kind kind);

struct NodeRejoin {
  std::shared_ptr<const NodeRecord> node;
  std::chrono::milliseconds offlineDuration{};
  WallTime lastSeenAt{};
  std::vector<PartitionId> partitionsBeforeLeave;
};

struct NodeLeave {
  std::shared_ptr<const NodeRecord> node;
  LeaveReason reason = LeaveReason::HealthCheckFailure;
  std::vector<PartitionId> partitionsOwned;  // as primary
  std::vector<PartitionId> partitionsReplica;
};

struct RebalanceStart {
  LogIndex plan;
  RebalanceTrigger trigger = RebalanceTrigger::Manual;
  NodeId triggerNode;
  std::uint32_t partitionsToMove = 0;
  std::vector<NodeId> nodesAffected;
};

struct RebalanceComplete {
  RebalanceStart start;
  std::chrono::milliseconds duration{};
  RebalanceOutcome outcome = RebalanceOutcome::Completed;
};

enum class ChangeReason : std::uint8_t {
  InitialAssignment = 1,
  Rebalance = 2,         // a move of a plan: new owner from now on, or, acknowledged, it should copy now
  HandoffCompleted = 3,  // acknowledged: the new primary counts from now on
  Failover = 4,          // a replica became primary; it holds the data already
  NodeRemoved = 5,
};
std::string_view toString(ChangeReason reason);  // "rebalance", ...

// One per partition and node that newly owns it or newly is its primary.
struct PartitionChange {
  PartitionId partition;
  std::vector<NodeId>
      copyFromNodes;  // live holders, old primary first; without copyToNode unless only it is left
  NodeId copyToNode;
  ChangeReason reason = ChangeReason::Rebalance;
  NodeId oldPrimary;  // empty: there was none
  NodeId newPrimary;
  Epoch partitionEpoch;
};

// `node` no longer owns the partition and may delete its copy.
struct PartitionReleased {
  PartitionId partition;
  NodeId node;
  Epoch partitionEpoch;
};

// `node` has reported that it holds the data.
struct PartitionReady {
  PartitionId partition;
  NodeId node;
  Epoch partitionEpoch;
};

struct ClusterHealthChange {
  ClusterHealth health;
};

struct ServiceChange {
  enum class Kind : std::uint8_t { Registered = 1, Updated = 2, Deregistered = 3, Passing = 4, Failing = 5 };
  ServiceInstance instance;
  Kind kind = Kind::Registered;
};
std::string_view toString(ServiceChange::Kind kind);

struct ValueChange {
  enum class Kind : std::uint8_t { Set = 1, Deleted = 2 };
  std::string key;
  std::uint64_t version = 0;
  std::uint64_t size = 0;  // of the value; 0 when deleted
  Kind kind = Kind::Set;
};
std::string_view toString(ValueChange::Kind kind);

struct LeaderChange {
  NodeId leader;
  NodeId previousLeader;  // empty: none known
  Epoch term;
};

// Not from apply: a reader of events fell behind what is kept. The events from..to are lost to it.
struct Gap {
  EventSeq from, to;
};

using EventBody = std::variant<NodeJoin, NodeRejoin, NodeLeave, RebalanceStart, PartitionChange,
                               RebalanceComplete, ClusterHealthChange, PartitionReleased, PartitionReady,
                               ServiceChange, ValueChange, LeaderChange, Gap>;

using EventId = std::array<std::uint8_t, 16>;
// The same on every node and in every delivery: cluster id and number, each eight bytes, highest first.
EventId eventId(ClusterId cluster, EventSeq seq);

struct ClusterEvent {
  EventSeq seq;      // dense
  LogIndex index;    // of the command that caused it
  Epoch epoch;       // of the partition map once the command was applied
  WallTime stamp{};  // the leader's
  EventId id{};
  EventBody body;
};

std::string_view eventType(const EventBody& body);  // "node_join", ...
// All types, each at its EventBody's index; the last one, "gap", never comes out of apply.
std::span<const std::string_view> eventTypes();
// What it is about: a node id, "partition-7", a key; empty for the cluster as a whole.
std::string eventSubject(const EventBody& body);

}  // namespace clusterkit
