// What holds of every state that apply or a snapshot has made.
#pragma once

#include <string>

#include "cluster/state.hpp"

namespace clusterkit {

// Empty, or the first thing that does not hold.
inline std::string faultOf(const ClusterState& state) {
  const auto& map = *state.partitions;
  if (state.exists() && state.health != computeHealth(state))
    return "health is not what nodes and owners say";
  if (state.nodes.size() != state.nodesByMember.size()) return "a node is under one of its keys only";
  for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
    for (const MemberId owner : map.ownersOf(PartitionId(p))) {
      if (!state.findNode(owner)) return "an owner is no member";
    }
  }
  const bool moves = !state.pendingMoves.empty() || !state.handoffs.empty();
  if (state.rebalance.has_value() != moves) return "moves and rebalance do not belong together";
  if (state.oldestEvent().value + state.events.size() != state.nextEvent.value) return "events have a gap";
  if (state.values.weight() > state.facts->valueQuotaBytes) return "the values are over their quota";
  if (state.idempotency.size() != state.idempotencyOrder.size()) return "a result has no place in the order";
  if (state.retiredKeys.size() != state.retiredOrder.size()) return "a retired key has no place in the order";
  for (const auto& entry : state.nodes) {
    const MemberId member = entry.value->spec.member;
    if (state.findNode(member) != entry.value.get()) return "a member id leads to another node";
    if (state.tombstones.find(BigEndianKey(member))) return "a member is a tombstone too";
  }
  return {};
}

}  // namespace clusterkit
