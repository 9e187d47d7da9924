// Health of the cluster as a whole, a function of nodes and partitions alone.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace clusterkit {

struct ClusterState;

// Critical: some partition has no live owner, or at most half of the nodes are healthy. Degraded: anything
// else that is not whole: a node that is suspect or down, a partition with fewer live owners than the
// replication factor.
enum class HealthStatus : std::uint8_t { Healthy = 1, Degraded = 2, Critical = 3 };
std::string_view toString(HealthStatus status);

struct ClusterHealth {
  HealthStatus status = HealthStatus::Healthy;
  std::uint32_t healthyNodes = 0;
  std::uint32_t totalNodes = 0;                 // without those that left on purpose
  std::vector<std::string> unhealthyNodeIds;    // suspect or down; ascending
  std::uint32_t partitionsOffline = 0;          // without a live owner
  std::uint32_t partitionsUnderReplicated = 0;  // with one, but fewer than the replication factor

  friend bool operator==(const ClusterHealth&, const ClusterHealth&) = default;
};

// The status that these numbers mean.
HealthStatus healthStatus(const ClusterHealth& health);

// From scratch, in time proportional to the partitions. apply keeps ClusterState::health equal to this.
ClusterHealth computeHealth(const ClusterState& state);

}  // namespace clusterkit
