// A request in numbers: nodes in the order of their ids, owners as node numbers. What the parts of `balanced`
// share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "placement/placement_strategy.hpp"

namespace clusterkit {

using NodeNumber = std::size_t;
inline constexpr NodeNumber kNobody = static_cast<NodeNumber>(-1);

// The owners of each partition, primary first.
using NumberedAssignment = std::vector<std::vector<NodeNumber>>;

struct PlacementProblem {
  explicit PlacementProblem(const PlacementRequest& request);

  std::size_t nodeCount() const { return nodes.size(); }
  std::size_t partitionCount() const { return present.size(); }
  bool available(NodeNumber n) const {
    return nodes[n].standing == NodeStanding::Available && nodes[n].weight > 0;
  }
  bool absent(NodeNumber n) const { return nodes[n].standing == NodeStanding::Absent; }
  Assignment withMembers(const NumberedAssignment& numbered) const;

  std::vector<PlacementNode> nodes;  // by id
  std::vector<std::size_t> zoneOf;   // zones by number, in the order of their names
  std::size_t zoneCount = 0;
  std::size_t availableCount = 0;
  std::size_t replicationFactor = 1;
  NumberedAssignment present;  // owners that may keep what they have; all others are left out
};

}  // namespace clusterkit
