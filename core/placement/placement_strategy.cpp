#include "placement/placement_strategy.hpp"

#include <array>

#include "placement/balanced_strategy.hpp"
#include "placement/rendezvous_strategy.hpp"

namespace clusterkit {

namespace {

// In alphabetical order of their names.
std::array<const PlacementStrategy*, 2> strategies() {
  static const BalancedStrategy balanced;
  static const RendezvousStrategy rendezvous;
  return {&balanced, &rendezvous};
}

}  // namespace

const PlacementStrategy* findPlacementStrategy(std::string_view name) {
  for (const PlacementStrategy* strategy : strategies()) {
    if (strategy->name() == name) return strategy;
  }
  return nullptr;
}

std::vector<std::string_view> placementStrategyNames() {
  std::vector<std::string_view> names;
  for (const PlacementStrategy* strategy : strategies()) names.push_back(strategy->name());
  return names;
}

}  // namespace clusterkit
