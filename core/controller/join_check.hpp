// May this node become a member? Pure: what the leader can tell without asking anybody.
#pragma once

#include <optional>
#include <string>

#include "cluster/state.hpp"
#include "host/call_outcome.hpp"

namespace clusterkit {

// The version of the messages between nodes; a joining node must speak the same.
inline constexpr std::uint32_t kProtocol = 1;

// What the node believes about the cluster; a value that is absent is not checked.
struct JoinClaims {
  std::optional<ClusterId> cluster;
  std::optional<std::string> clusterName;
  std::optional<std::uint32_t> partitionCount;
  std::optional<std::uint32_t> replicationFactor;
  std::optional<std::uint32_t> protocol;
};

// Stale: the member was removed for good. Conflict: everything else. The text is one line with both differing
// values.
std::optional<Failure> joinRefusal(const ClusterState& state, const NodeSpec& node, const JoinClaims& claims);

}  // namespace clusterkit
