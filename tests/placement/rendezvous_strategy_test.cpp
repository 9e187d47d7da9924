#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement_fixture.hpp"

namespace clusterkit {
namespace {

using test::node;
using test::nodes;
using test::PlacedCluster;
using ::testing::ElementsAre;

TEST(RendezvousStrategy, OrdersNodesAsTheOriginalLibraryDoes) {
  PlacedCluster cluster(2, 5, "rendezvous-md5");
  cluster.members = nodes(5);
  cluster.rebalance();
  const auto m = [](std::uint64_t number) { return MemberId(1000 + number); };
  EXPECT_THAT(cluster.map.ownersOf(PartitionId(0)), ElementsAre(m(3), m(4), m(2), m(5), m(1)));
  EXPECT_THAT(cluster.map.ownersOf(PartitionId(1)), ElementsAre(m(1), m(5), m(2), m(3), m(4)));
}

// The counts measured on the running original: 17/25/22 primaries, 14 primaries and 44 copies moved by the
// 4th node.
TEST(RendezvousStrategy, CountsAreThoseOfTheRunningOriginal) {
  PlacedCluster cluster(64, 3, "rendezvous-md5");
  cluster.members = nodes(3);
  cluster.rebalance();
  auto primaries = cluster.primaries();
  EXPECT_EQ(primaries[MemberId(1001)], 17);
  EXPECT_EQ(primaries[MemberId(1002)], 25);
  EXPECT_EQ(primaries[MemberId(1003)], 22);
  cluster.members.push_back(node(4));
  const RebalancePlan plan = cluster.rebalance();
  EXPECT_EQ(plan.copiesMoved(), 44u);
  EXPECT_EQ(plan.primariesChanged(), 14u);
}

TEST(RendezvousStrategy, ANodeThatIsDownKeepsItsCopiesBehindThoseThatLive) {
  PlacedCluster cluster(64, 3, "rendezvous-md5");
  cluster.members = nodes(3);
  cluster.rebalance();
  cluster.member(2).standing = NodeStanding::Absent;
  EXPECT_EQ(cluster.rebalance().copiesMoved(), 0u);
  for (std::uint32_t p = 0; p < 64; ++p)
    EXPECT_EQ(cluster.map.ownersOf(PartitionId(p)).back(), MemberId(1002));
}

TEST(PlacementStrategies, AreFoundByNameOnly) {
  EXPECT_EQ(findPlacementStrategy("balanced")->name(), "balanced");
  EXPECT_EQ(findPlacementStrategy("rendezvous-md5")->name(), "rendezvous-md5");
  EXPECT_EQ(findPlacementStrategy("Balanced"), nullptr);
  EXPECT_EQ(findPlacementStrategy(""), nullptr);
  EXPECT_THAT(placementStrategyNames(), ElementsAre("balanced", "rendezvous-md5"));
}

}  // namespace
}  // namespace clusterkit
