// Commands: the only way to change the replicated state. They carry decisions, not wishes: new owners and
// statuses were computed by the leader with pure functions, so that apply is simple and strategies may differ
// between versions. What a decision was based on travels with it as a guard, and a command whose ground has
// moved is refused on every node.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/cluster_facts.hpp"
#include "cluster/node.hpp"
#include "cluster/rebalance.hpp"
#include "cluster/sink_cursor.hpp"
#include "clusterkit/types.hpp"
#include "placement/partition_map.hpp"

namespace clusterkit {

// --- Cluster and members ---

// The first entry of every cluster. All partitions belong to the first node, which is active at once.
struct CreateCluster {
  ClusterFacts facts;  // createdAt is taken from the command's stamp
  NodeSpec firstNode;
};

// A new node, a node that comes back with a new data folder, or, with a member id that is known, the same as
// RejoinNode. The node is Joining until SetNodeStatus says Active. A repeated announcement of one run changes
// nothing.
struct AddNode {
  NodeSpec node;
  WallTime lastSeenAt{};  // the leader's last sign of life from an earlier life; epoch start: unknown
};

// A node that comes back with its data folder, after a restart or after it was declared Down. Addresses may
// be new.
struct RejoinNode {
  NodeSpec node;
  WallTime lastSeenAt{};
};

// A running node's new addresses, name, zone, weight or services.
struct UpdateNode {
  NodeSpec node;
};

// What the failure detector or the learner's progress says. Active: from Joining (caught up) or Suspect
// (answers again; a node with drainRequested becomes Draining). Suspect: from Active or Draining. Down: from
// any live status. Left: from any live status, refused when it takes the last live copy of a partition.
struct SetNodeStatus {
  MemberId member;
  std::uint64_t incarnation = 0;  // guard; 0: any
  NodeStatus status = NodeStatus::Active;
  WallTime lastSeenAt{};
  // With Down or Left: new owner orders for the partitions the node was primary of (placement's
  // promoteReplicas), in the same step. Each a permutation of the present owners, its first live. Guarded by
  // mapEpoch when not empty.
  std::vector<OwnerChange> promotions;
  Epoch mapEpoch;
};

// An operator wants the node empty, or no longer so. Once it owns nothing and has no vote, the leader lets it
// leave (SetNodeStatus Left). Undrain then makes it Down: expected back, and brought back at once if it runs.
struct DrainNode {
  MemberId member;
};
struct UndrainNode {
  MemberId member;
};

// Takes the node out for good: its member id is tombstoned, what it owned loses that owner. LastCopy unless
// `consent`.
struct RemoveNode {
  enum class Consent : std::uint8_t { KeepLastCopies = 1, LoseLastCopies = 2 };
  MemberId member;
  LeaveReason reason = LeaveReason::RemovedByAdmin;
  Consent consent = Consent::KeepLastCopies;
};

std::string_view toString(RemoveNode::Consent consent);

// The survivor alone is the cluster from now on, in a new generation: everybody else is taken out for good.
// Written by `clusterkit recover` behind the survivor's log, never proposed.
struct RecoverCluster {
  ClusterId from;  // guard
  ClusterId to;    // supersedes `from` (cluster_generation.hpp)
  MemberId survivor;
};

// A new leader names itself. Its epoch is that of the entry.
struct AnnounceLeader {
  MemberId leader;
};

// --- Partitions ---

// Commits a plan; nothing moves yet. Outcome.index is the plan's name. A target must be placeable or an owner
// already. A plan without moves is refused as InvalidArgument.
struct StartRebalance {
  Epoch mapEpoch;  // guard
  RebalanceTrigger trigger = RebalanceTrigger::Manual;
  NodeId triggerNode;
  HandoffMode handoff = HandoffMode::Immediate;
  std::vector<OwnerChange> moves;
};

// Runs these pending moves of the plan. Immediate mode: done with this entry. Acknowledged: hand-overs begin.
// When nothing is left pending or in hand-over, the rebalance completes by itself in the same entry.
struct BeginMoves {
  LogIndex plan;
  std::vector<PartitionId> partitions;
};

// The time for these hand-overs is up: the new owners count although some have not reported.
struct FinishHandoffs {
  LogIndex plan;
  std::vector<PartitionId> partitions;
};

// A new owner holds the data. The last one waited for ends the hand-over.
struct ReportPartitionReady {
  PartitionId partition;
  MemberId member;
  LogIndex handoff;  // guard: Handoff::id; 0: whichever runs
};

struct ControlRebalance {
  enum class Action : std::uint8_t { Pause = 1, Resume = 2, Cancel = 3 };
  LogIndex plan;  // guard; 0: whichever runs
  Action action = Action::Pause;
};

std::string_view toString(ControlRebalance::Action action);

// Other owner orders without moving data. Each a permutation of the present owners, its first live.
struct PromoteReplicas {
  Epoch mapEpoch;  // guard
  std::vector<OwnerChange> changes;
};

// --- Values ---

struct SetValue {
  std::string key;
  std::string bytes;
  std::optional<std::uint64_t> expectedVersion;  // compare-and-set; 0: must not exist
};

struct DeleteValue {
  std::string key;
  std::optional<std::uint64_t> expectedVersion;
};

// --- Hook sinks of the leader ---

// How far a sink that only the leader serves has come. Progress is of the present generation and never goes
// back, a control begins the next one. Anything else was decided on a cursor that is out of date, and is
// refused.
struct SetSinkCursor {
  std::string sink;  // 1 to 32 bytes
  SinkCursor cursor;
  CursorChange change = CursorChange::Progress;
};

using CommandBody =
    std::variant<CreateCluster, AddNode, RejoinNode, UpdateNode, SetNodeStatus, DrainNode, UndrainNode,
                 RemoveNode, AnnounceLeader, StartRebalance, BeginMoves, FinishHandoffs, ReportPartitionReady,
                 ControlRebalance, PromoteReplicas, SetValue, DeleteValue, SetSinkCursor, RecoverCluster>;

// Who proposed it: lets that node find the ticket when the command comes back through the log.
struct CommandOrigin {
  MemberId member;
  std::uint64_t boot = 0;      // of the proposer's run (NodeSpec::boot)
  std::uint64_t sequence = 0;  // rises within one run of the proposer

  friend bool operator==(const CommandOrigin&, const CommandOrigin&) = default;
};

// A request with this key is applied once; repeated, it gets the first outcome.
struct Idempotency {
  std::string key;      // 1 to 255 bytes
  LogIndex knownIndex;  // applied index the client had seen when it first sent the request; 0: unknown. With
                        // it, a forgotten key is never mistaken for a new one.
  std::string request = {};  // what was asked for, where the leader makes the command of it and would make
                             // another one the next time; empty: the command itself says it

  friend bool operator==(const Idempotency&, const Idempotency&) = default;
};

struct Command {
  CommandOrigin origin;
  WallTime stamp{};  // the leader's clock; apply never lets it go back
  std::optional<Idempotency> idempotency;
  CommandBody body;
};

std::string_view commandName(const CommandBody& body);  // "set_value", for logs and metrics

}  // namespace clusterkit
