// The strategy `balanced`: shares by weight within one, owners spread over zones, as few moves as that needs.
#pragma once

#include "placement/placement_strategy.hpp"

namespace clusterkit {

class BalancedStrategy : public PlacementStrategy {
 public:
  std::string_view name() const override { return "balanced"; }
  Assignment assign(const PlacementRequest& request) const override;
};

}  // namespace clusterkit
