// How the moves of a plan run and end. Internal to apply.
//
// Precondition of all that change the state: a rebalance is under way.
#pragma once

#include <vector>

#include "cluster/apply_step.hpp"

namespace clusterkit {

Owners presentOwners(const ClusterState& state, PartitionId partition);
// Those of `a` that are not in `b`, in the order of `a`.
Owners difference(const Owners& a, const Owners& b);
RebalanceStart startEvent(const Rebalance& rebalance);

// Takes the moves from the pending ones and makes them final, or begins their hand-overs.
void runMoves(ApplyStep& step, const std::vector<OwnerChange>& moves);
void putHandoff(ApplyStep& step, const Handoff& handoff);
// The new owners count from now on.
void flip(ApplyStep& step, const std::vector<Handoff>& handoffs);
// The old owners stay; whoever had begun to copy is told that the copy is not wanted.
void abandon(ApplyStep& step, const Handoff& handoff);
// Tells of the end and remembers how it went.
void finishRebalance(ApplyStep& step, RebalanceOutcome outcome);

}  // namespace clusterkit
