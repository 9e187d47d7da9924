#include "cluster/health.hpp"

#include <algorithm>

#include "cluster/state.hpp"

namespace clusterkit {

HealthStatus healthStatus(const ClusterHealth& health) {
  const bool fewHealthy = health.totalNodes > 0 && health.healthyNodes * 2 <= health.totalNodes;
  if (health.partitionsOffline > 0 || fewHealthy) return HealthStatus::Critical;
  const bool whole = health.unhealthyNodeIds.empty() && health.partitionsUnderReplicated == 0;
  return whole ? HealthStatus::Healthy : HealthStatus::Degraded;
}

ClusterHealth computeHealth(const ClusterState& state) {
  ClusterHealth health;
  std::vector<MemberId> live;
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    if (isLive(node.status)) live.push_back(node.spec.member);
    if (node.status == NodeStatus::Left) continue;
    ++health.totalNodes;
    if (node.status == NodeStatus::Suspect || node.status == NodeStatus::Down) {
      health.unhealthyNodeIds.push_back(node.spec.id);
    } else {
      ++health.healthyNodes;
    }
  }
  std::sort(live.begin(), live.end());
  const PartitionMap& map = *state.partitions;
  for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
    const auto owners = map.ownersOf(PartitionId(p));
    const auto count = std::count_if(owners.begin(), owners.end(), [&live](MemberId owner) {
      return std::binary_search(live.begin(), live.end(), owner);
    });
    if (count == 0) {
      ++health.partitionsOffline;
    } else if (count < static_cast<std::ptrdiff_t>(state.facts->replicationFactor)) {
      ++health.partitionsUnderReplicated;
    }
  }
  health.status = healthStatus(health);
  return health;
}

}  // namespace clusterkit
