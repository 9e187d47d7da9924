// One command being applied: what all kinds of commands share. Internal to apply.
//
// Every command first checks all its conditions and then changes the state, so a refused command leaves no
// trace.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/event.hpp"
#include "cluster/outcome.hpp"
#include "cluster/state.hpp"

namespace clusterkit {

struct ApplyStep {
  ClusterState& state;
  LogIndex index;
  Epoch term;
  WallTime now{};                 // the command's stamp, never below an earlier one
  std::vector<EventBody> events;  // in order; numbered at the end of the step
  bool nodesChanged = false;      // health has to be computed anew

  HashSeed seed() const { return state.facts->seed; }
  void emit(EventBody event) { events.push_back(std::move(event)); }
};

inline Outcome refused(OutcomeCode code, std::string message, std::uint64_t version = 0) {
  return {code, {}, version, std::move(message)};
}

// --- Nodes (apply_nodes.cpp) ---

// Stores the record under both keys, keeps the services in step and tells of their changes.
void putNode(ApplyStep& step, std::shared_ptr<const NodeRecord> node);
// Forgets the record and its services; owners are not touched.
void dropNode(ApplyStep& step, const NodeRecord& node);
void putDeparted(ApplyStep& step, const DepartedNode& node);
// Empty, or why such a node cannot be stored.
std::string checkNodeSpec(const ClusterState& state, const NodeSpec& spec);
// A sign of life is never in the future and never goes back.
WallTime laterSeen(const ApplyStep& step, WallTime known, WallTime told);
// The node's last sign of life, given what the leader told; told nothing, a node that nobody suspected was
// seen just now.
WallTime lastSign(const ApplyStep& step, const NodeRecord& node, WallTime told);

// Takes a node out for good and tells of it: tombstone, owners, moves. (apply_status.cpp)
void takeOut(ApplyStep& step, std::shared_ptr<const NodeRecord> node, LeaveReason reason);

struct OwnedPartitions {
  std::vector<PartitionId> asPrimary, asReplica;
  std::vector<PartitionId> all() const;  // ascending
};
OwnedPartitions ownedBy(const ClusterState& state, MemberId member);

// --- Partitions (apply_partitions.cpp) ---

// Changes owners and epochs, and the health that follows from them. Tells nobody.
void setOwners(ApplyStep& step, std::vector<OwnerChange> changes);
// Takes the member (whose node had this id) out of every owner list and tells of new primaries.
void stripOwner(ApplyStep& step, MemberId member, const NodeId& id);
// Why these reorderings cannot be made; empty when they can. `gone` counts as not live.
std::string checkPromotions(const ClusterState& state, const std::vector<OwnerChange>& changes,
                            MemberId gone);
void promote(ApplyStep& step, const std::vector<OwnerChange>& changes);
// The partitions that this member owns and no other live node holds; ascending.
std::vector<PartitionId> lastCopiesAt(const ClusterState& state, MemberId member);
// Live holders, in the order of `owners`; without `copyTo` unless only that is left.
std::vector<NodeId> copySources(const ClusterState& state, const Owners& owners, MemberId copyTo);
std::string listPartitions(
    const std::vector<PartitionId>& partitions);  // "partition-1, partition-2 and 5 more"

// --- Rebalance (apply_moves.cpp) ---

// Ends the moves that can no longer succeed because the member is not live any more or is gone.
void dropMovesTo(ApplyStep& step, MemberId member);
// Tells of the end once nothing is pending and no hand-over runs.
void completeIfDone(ApplyStep& step);

// --- The commands ---

Outcome applyBody(ApplyStep& step, const CreateCluster& command);
Outcome applyBody(ApplyStep& step, const AddNode& command);
Outcome applyBody(ApplyStep& step, const RejoinNode& command);
Outcome applyBody(ApplyStep& step, const UpdateNode& command);
Outcome applyBody(ApplyStep& step, const SetNodeStatus& command);
Outcome applyBody(ApplyStep& step, const DrainNode& command);
Outcome applyBody(ApplyStep& step, const UndrainNode& command);
Outcome applyBody(ApplyStep& step, const RemoveNode& command);
Outcome applyBody(ApplyStep& step, const AnnounceLeader& command);
Outcome applyBody(ApplyStep& step, const StartRebalance& command);
Outcome applyBody(ApplyStep& step, const BeginMoves& command);
Outcome applyBody(ApplyStep& step, const FinishHandoffs& command);
Outcome applyBody(ApplyStep& step, const ReportPartitionReady& command);
Outcome applyBody(ApplyStep& step, const ControlRebalance& command);
Outcome applyBody(ApplyStep& step, const PromoteReplicas& command);
Outcome applyBody(ApplyStep& step, const SetValue& command);
Outcome applyBody(ApplyStep& step, const DeleteValue& command);
Outcome applyBody(ApplyStep& step, const SetSinkCursor& command);
Outcome applyBody(ApplyStep& step, const RecoverCluster& command);

// --- Idempotency (apply_idempotency.cpp) ---

// The outcome of a request that is known or must not be applied; none: apply it.
std::optional<Outcome> findRepeated(const ClusterState& state, const Idempotency& request,
                                    std::uint64_t digest);
void rememberOutcome(ApplyStep& step, const Idempotency& request, std::uint64_t digest,
                     const Outcome& outcome);

}  // namespace clusterkit
