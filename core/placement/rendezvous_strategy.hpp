// The strategy `rendezvous-md5`: the rule of the original library, bit for bit, for clusters that have data
// placed by it.
//
// Nodes in ascending order of the partition hash of partition id and node id; the first is primary. Weights
// and zones do not count, except that a node of weight 0 owns nothing. A node that is down keeps the copies
// it has, but stands behind those that live.
#pragma once

#include "placement/placement_strategy.hpp"

namespace clusterkit {

class RendezvousStrategy : public PlacementStrategy {
 public:
  std::string_view name() const override { return "rendezvous-md5"; }
  Assignment assign(const PlacementRequest& request) const override;
};

}  // namespace clusterkit
