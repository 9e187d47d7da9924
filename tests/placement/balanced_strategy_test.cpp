#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement_fixture.hpp"

namespace clusterkit {
namespace {

using test::node;
using test::nodes;
using test::PlacedCluster;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

std::int64_t roundedUp(std::int64_t things, std::int64_t nodes) { return (things + nodes - 1) / nodes; }

struct Size {
  std::uint64_t nodes;
  std::uint32_t partitions;
};

class BalancedTable : public ::testing::TestWithParam<Size> {};

// The table on which the original's assignment was measured (17 to 25 primaries at 3 x 64, 3 to 10 at 10 x
// 64).
INSTANTIATE_TEST_SUITE_P(NodesByPartitions, BalancedTable,
                         ::testing::Values(Size{3, 64}, Size{3, 256}, Size{3, 1024}, Size{5, 64},
                                           Size{5, 256}, Size{5, 1024}, Size{10, 64}, Size{10, 256},
                                           Size{10, 1024}, Size{50, 1024}),
                         [](const auto& row) {
                           return std::to_string(row.param.nodes) + "x" +
                                  std::to_string(row.param.partitions);
                         });

TEST_P(BalancedTable, PrimariesAndCopiesDifferByOneAtMost) {
  PlacedCluster cluster(GetParam().partitions, 3);
  cluster.members = nodes(GetParam().nodes);
  cluster.rebalance();
  const auto copies = PlacedCluster::range(cluster.copies());
  const auto primaries = PlacedCluster::range(cluster.primaries());
  EXPECT_LE(copies.most - copies.least, 1);
  EXPECT_LE(primaries.most - primaries.least, 1);
  EXPECT_THAT(cluster.map.assignment(), Each(SizeIs(3)));
}

TEST_P(BalancedTable, AJoinMovesTheNewNodesShareAndNothingElse) {
  const auto [count, partitions] = GetParam();
  PlacedCluster cluster(partitions, 3);
  cluster.members = nodes(count);
  cluster.rebalance();
  cluster.members.push_back(node(count + 1));
  const RebalancePlan plan = cluster.rebalance();

  const auto after = static_cast<std::int64_t>(count + 1);
  EXPECT_LE(static_cast<std::int64_t>(plan.copiesMoved()), roundedUp(3 * partitions, after));
  EXPECT_LE(static_cast<std::int64_t>(plan.primariesChanged()), roundedUp(partitions, after));
  for (const Move& move : plan.moves) {
    EXPECT_THAT(move.added(), ElementsAre(MemberId(1000 + count + 1)));
    EXPECT_EQ(move.copyFrom, move.from);
  }
  const auto copies = PlacedCluster::range(cluster.copies());
  const auto primaries = PlacedCluster::range(cluster.primaries());
  EXPECT_LE(copies.most - copies.least, 1);
  EXPECT_LE(primaries.most - primaries.least, 1);
}

TEST_P(BalancedTable, ALeaveMovesOnlyWhatTheNodeHad) {
  const auto [count, partitions] = GetParam();
  PlacedCluster cluster(partitions, 3);
  cluster.members = nodes(count);
  cluster.rebalance();
  const std::int64_t had = cluster.copies()[MemberId(1002)];
  cluster.leave(2);
  const RebalancePlan plan = cluster.rebalance();
  EXPECT_EQ(static_cast<std::int64_t>(plan.copiesMoved()), count > 3 ? had : 0);
  const auto copies = PlacedCluster::range(cluster.copies());
  EXPECT_LE(copies.most - copies.least, 1);
  EXPECT_EQ(cluster.copies().count(MemberId(1002)), 0u);
}

TEST(BalancedStrategy, FirstNodeGetsEverything) {
  PlacedCluster cluster(64, 3);
  cluster.members = nodes(1);
  cluster.rebalance();
  EXPECT_THAT(cluster.map.assignment(), Each(ElementsAre(MemberId(1001))));
}

TEST(BalancedStrategy, GrowsFromOneNodeToThreeWithoutMovingACopyTwice) {
  PlacedCluster cluster(64, 3);
  for (std::uint64_t n = 1; n <= 3; ++n) {
    cluster.members.push_back(node(n));
    const RebalancePlan plan = cluster.rebalance();
    EXPECT_EQ(plan.copiesMoved(), 64u) << "every partition gets a copy on the new node";
    EXPECT_LE(plan.primariesChanged(),
              n == 1 ? 64u : static_cast<std::size_t>(roundedUp(64, std::int64_t(n))));
    EXPECT_THAT(cluster.map.assignment(), Each(SizeIs(n)));
  }
}

TEST(BalancedStrategy, WithoutNodesNobodyOwnsAnything) {
  PlacedCluster cluster(16, 3);
  EXPECT_TRUE(cluster.rebalance().empty());
}

TEST(BalancedStrategy, PlanningTwiceMovesNothing) {
  PlacedCluster cluster(256, 3);
  cluster.members = {node(1, "a", 3), node(2, "a"),    node(3, "b", 2),
                     node(4, "b"),    node(5, "c", 5), node(6, "")};
  cluster.rebalance();
  EXPECT_THAT(cluster.rebalance().moves, IsEmpty());
}

TEST(BalancedStrategy, WeightsDecideTheShares) {
  PlacedCluster cluster(100, 2);
  cluster.members = {node(1, "", 1), node(2, "", 1), node(3, "", 2), node(4, "", 4), node(5, "", 0)};
  cluster.rebalance();
  EXPECT_THAT(cluster.copies(),
              UnorderedElementsAre(std::pair{MemberId(1001), 25}, std::pair{MemberId(1002), 25},
                                   std::pair{MemberId(1003), 50}, std::pair{MemberId(1004), 100},
                                   std::pair{MemberId(1005), 0}));
  EXPECT_EQ(cluster.primaries()[MemberId(1004)], 50);
}

TEST(BalancedStrategy, AVeryHeavyNodeHoldsOneOfEachAndTheOthersShareTheRest) {
  PlacedCluster cluster(90, 2);
  cluster.members = {node(1, "", 1000), node(2), node(3), node(4, "", 2)};
  cluster.rebalance();
  auto copies = cluster.copies();
  EXPECT_EQ(copies[MemberId(1001)], 90);
  EXPECT_NEAR(static_cast<double>(copies[MemberId(1002)]), 22.5, 1);
  EXPECT_NEAR(static_cast<double>(copies[MemberId(1004)]), 45, 1);
}

TEST(BalancedStrategy, OwnersAreSpreadOverZonesAsFarAsBalanceAllows) {
  PlacedCluster even(128, 3);
  even.members = {node(1, "a"), node(2, "a"), node(3, "b"), node(4, "b"), node(5, "c"), node(6, "c")};
  even.rebalance();
  for (std::uint32_t p = 0; p < 128; ++p) EXPECT_EQ(even.zonesOf(PartitionId(p)), 3u);

  // Zone b holds a quarter of the copies: 96 of 384, so 96 of 128 partitions reach two zones and no more can.
  PlacedCluster uneven(128, 3);
  uneven.members = {node(1, "a"), node(2, "a"), node(3, "a"), node(4, "b")};
  uneven.rebalance();
  std::size_t spread = 0;
  for (std::uint32_t p = 0; p < 128; ++p) spread += uneven.zonesOf(PartitionId(p)) == 2 ? 1 : 0;
  EXPECT_EQ(spread, 96u);
  EXPECT_THAT(uneven.copies(), Each(::testing::Pair(::testing::_, 96)));
}

TEST(BalancedStrategy, NodesThatAreDownKeepTheirCopiesButArePrimaryOfNothingThatLivesElsewhere) {
  PlacedCluster cluster(64, 3);
  cluster.members = nodes(4);
  cluster.rebalance();
  const auto before = cluster.map;
  cluster.member(2).standing = NodeStanding::Absent;
  const RebalancePlan plan = cluster.rebalance();
  EXPECT_EQ(plan.copiesMoved(), 0u);
  EXPECT_EQ(cluster.primaries()[MemberId(1002)], 0);
  EXPECT_EQ(cluster.copies()[MemberId(1002)], 48);
  for (std::uint32_t p = 0; p < 64; ++p) {
    EXPECT_THAT(cluster.map.assignment()[p], ::testing::UnorderedElementsAreArray(before.assignment()[p]));
  }
}

TEST(BalancedStrategy, AJoinWhileANodeIsDownGivesTheNewNodeItsShareAndLeavesTheAbsentOneIts) {
  PlacedCluster cluster(64, 3);
  cluster.members = nodes(3);
  cluster.rebalance();
  cluster.member(3).standing = NodeStanding::Absent;
  cluster.promote();
  cluster.members.push_back(node(4));
  const RebalancePlan plan = cluster.rebalance();
  EXPECT_EQ(plan.copiesMoved(), 48u);
  EXPECT_THAT(cluster.copies(), Each(::testing::Pair(::testing::_, 48)));
  cluster.member(3).standing = NodeStanding::Available;
  EXPECT_EQ(cluster.rebalance().copiesMoved(), 0u) << "back again: only primaries are levelled";
}

TEST(BalancedStrategy, TheDeathOfANodeIsBorneByAllOthers) {
  PlacedCluster cluster(256, 3);
  cluster.members = nodes(8);
  cluster.rebalance();
  cluster.member(5).standing = NodeStanding::Absent;
  cluster.promote();
  auto primaries = cluster.primaries();
  EXPECT_EQ(primaries[MemberId(1005)], 0);
  EXPECT_EQ(PlacedCluster::range(primaries).most, roundedUp(256, 7)) << "nobody gets more than its share";
}

TEST(BalancedStrategy, TheOrderInWhichNodesAreListedDoesNotMatter) {
  PlacedCluster one(256, 3), other(256, 3);
  one.members = {node(1, "a"), node(2, "b", 2), node(3, "c"), node(4, "a"), node(5, "b")};
  other.members = {one.members.rbegin(), one.members.rend()};
  one.rebalance();
  other.rebalance();
  EXPECT_EQ(one.map, other.map);
}

// Written down once: a change of this answer makes clusters of mixed versions plan against each other.
TEST(BalancedStrategy, GivesTheSameAnswerOnEveryMachine) {
  PlacedCluster cluster(8, 2);
  cluster.members = {node(1, "a"), node(2, "b"), node(3, "a", 2)};
  cluster.rebalance();
  std::string text;
  for (const Owners& owners : cluster.map.assignment()) {
    for (const MemberId m : owners) text += std::to_string(m.value - 1000);
    text += ' ';
  }
  EXPECT_EQ(text, "23 32 32 23 13 13 31 31 ");
}

}  // namespace
}  // namespace clusterkit
