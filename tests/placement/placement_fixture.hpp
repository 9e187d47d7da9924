// A cluster of placement nodes for tests: make them, plan, apply the plan, measure the result.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "placement/plan_rebalance.hpp"

namespace clusterkit::test {

inline PlacementNode node(std::uint64_t number, std::string zone = "", std::uint32_t weight = 1,
                          NodeStanding standing = NodeStanding::Available) {
  return {MemberId(1000 + number), "node-" + std::to_string(number), std::move(zone), weight, standing};
}

inline std::vector<PlacementNode> nodes(std::uint64_t count) {
  std::vector<PlacementNode> all;
  for (std::uint64_t n = 1; n <= count; ++n) all.push_back(node(n));
  return all;
}

struct Range {
  std::int64_t least = 0, most = 0;
};

class PlacedCluster {
 public:
  PlacedCluster(std::uint32_t partitions, std::uint32_t replicationFactor, const char* strategy = "balanced")
      : map(partitions), replicationFactor_(replicationFactor), strategy_(findPlacementStrategy(strategy)) {}

  // Plans for the nodes as they are now and applies the plan.
  RebalancePlan rebalance() {
    const RebalancePlan plan = planRebalance(map, members, *strategy_, replicationFactor_);
    map = map.withOwners(plan.ownerChanges());
    return plan;
  }
  RebalancePlan promote() {
    const RebalancePlan plan = promoteReplicas(map, members);
    map = map.withOwners(plan.ownerChanges());
    return plan;
  }
  // Rebalances until nothing is left to do: more than once only where a last live copy had to stay.
  std::size_t settle() {
    std::size_t copies = 0;
    for (int round = 0; round < 4; ++round) {
      const RebalancePlan plan = rebalance();
      if (plan.empty()) return copies;
      copies += plan.copiesMoved();
    }
    ADD_FAILURE() << "plans never end";
    return copies;
  }

  PlacementNode& member(std::uint64_t number) {
    return *std::find_if(members.begin(), members.end(),
                         [&](const PlacementNode& n) { return n.member == MemberId(1000 + number); });
  }
  void leave(std::uint64_t number) {
    std::erase_if(members, [&](const PlacementNode& n) { return n.member == MemberId(1000 + number); });
  }

  std::map<MemberId, std::int64_t> copies() const {
    std::map<MemberId, std::int64_t> count;
    for (const PlacementNode& n : members) count[n.member] = 0;
    for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
      for (const MemberId m : map.ownersOf(PartitionId(p))) ++count[m];
    }
    return count;
  }
  std::map<MemberId, std::int64_t> primaries() const {
    std::map<MemberId, std::int64_t> count;
    for (const PlacementNode& n : members) count[n.member] = 0;
    for (std::uint32_t p = 0; p < map.partitionCount(); ++p) ++count[map.primaryOf(PartitionId(p))];
    return count;
  }
  static Range range(const std::map<MemberId, std::int64_t>& counts) {
    const auto [least, most] = std::minmax_element(
        counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return {least->second, most->second};
  }
  std::string zoneOf(MemberId m) const {
    for (const PlacementNode& n : members) {
      if (n.member == m) return n.zone;
    }
    return "?";
  }
  std::size_t zonesOf(PartitionId p) const {
    std::set<std::string> zones;
    for (const MemberId m : map.ownersOf(p)) zones.insert(zoneOf(m));
    return zones.size();
  }

  std::vector<PlacementNode> members;
  PartitionMap map;

 private:
  std::uint32_t replicationFactor_;
  const PlacementStrategy* strategy_;
};

}  // namespace clusterkit::test
