#include "placement/plan_rebalance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "placement_fixture.hpp"

namespace clusterkit {
namespace {

using test::node;
using test::nodes;
using test::PlacedCluster;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MemberId kOne{1001}, kTwo{1002}, kThree{1003};

TEST(Move, TellsWhoGainsAndWhoLoses) {
  const Move move{PartitionId(3), {kOne, kTwo}, {kThree, kOne}, {kOne, kTwo}};
  EXPECT_THAT(move.added(), ElementsAre(kThree));
  EXPECT_THAT(move.removed(), ElementsAre(kTwo));
  EXPECT_TRUE(move.changesPrimary());
  const RebalancePlan plan{{move, {PartitionId(4), {kOne, kTwo, kThree}, {kOne, kThree, kTwo}, {}}}};
  EXPECT_EQ(plan.copiesMoved(), 1u);
  EXPECT_EQ(plan.primariesChanged(), 1u);
  EXPECT_THAT(plan.nodesAffected(), ElementsAre(kOne, kTwo, kThree));
}

TEST(PlanRebalance, NeverRemovesTheLastLiveCopyBeforeAnotherOneIsThere) {
  PlacedCluster cluster(8, 1);
  cluster.members = {node(1)};
  cluster.rebalance();
  cluster.members.push_back(node(2));

  const RebalancePlan make = cluster.rebalance();
  EXPECT_THAT(make.moves, SizeIs(4));
  for (const Move& move : make.moves) {
    EXPECT_THAT(move.to, ElementsAre(kTwo, kOne)) << "the new owner, and the old one until the data is there";
    EXPECT_THAT(move.copyFrom, ElementsAre(kOne));
  }
  const RebalancePlan breaking = cluster.rebalance();
  EXPECT_THAT(breaking.moves, SizeIs(4));
  for (const Move& move : breaking.moves) EXPECT_THAT(move.to, ElementsAre(kTwo));
  EXPECT_THAT(cluster.rebalance().moves, IsEmpty());
}

TEST(PlanRebalance, ADrainingNodeGivesEverythingAwayAndIsCopiedFrom) {
  PlacedCluster cluster(32, 2);
  cluster.members = nodes(3);
  cluster.rebalance();
  cluster.member(1).standing = NodeStanding::Leaving;
  const RebalancePlan plan = cluster.rebalance();
  for (const Move& move : plan.moves) {
    if (!move.removed().empty()) {
      EXPECT_THAT(move.copyFrom, ::testing::Contains(kOne));
    }
  }
  cluster.settle();
  EXPECT_EQ(cluster.copies()[kOne], 0);
}

TEST(PlanRebalance, TheOnlyNodeCannotBeEmptied) {
  PlacedCluster cluster(8, 3);
  cluster.members = {node(1)};
  cluster.rebalance();
  cluster.member(1).standing = NodeStanding::Leaving;
  EXPECT_THAT(cluster.rebalance().moves, IsEmpty()) << "every partition keeps its last live copy";
}

TEST(PromoteReplicas, PutsALiveOwnerFirstAndKeepsTheDeadOnesCopy) {
  const OwnerChange owners{PartitionId(0), {kOne, kTwo, kThree}};
  const PartitionMap map = PartitionMap(1).withOwners({&owners, 1});
  const std::vector<PlacementNode> members{node(1, "", 1, NodeStanding::Absent), node(2), node(3)};
  const RebalancePlan plan = promoteReplicas(map, members);
  ASSERT_THAT(plan.moves, SizeIs(1));
  EXPECT_THAT(plan.moves[0].to, ElementsAre(kTwo, kThree, kOne));
  EXPECT_THAT(plan.moves[0].copyFrom, ElementsAre(kTwo, kThree));
  EXPECT_EQ(plan.copiesMoved(), 0u);
}

TEST(PromoteReplicas, SpreadsThePrimariesOfTheDeadOverTheOthers) {
  PlacedCluster cluster(300, 3);
  cluster.members = nodes(3);
  cluster.rebalance();
  cluster.member(1).standing = NodeStanding::Absent;
  cluster.promote();
  EXPECT_EQ(cluster.primaries()[kTwo], 150);
  EXPECT_EQ(cluster.primaries()[kThree], 150);
  EXPECT_EQ(cluster.copies()[kOne], 300);
  EXPECT_THAT(cluster.promote().moves, IsEmpty());
}

TEST(PromoteReplicas, LeavesPartitionsThatNobodyLiveOwns) {
  const std::vector<OwnerChange> owners{{PartitionId(0), {kOne}}, {PartitionId(1), {kTwo}}};
  const PartitionMap map = PartitionMap(3).withOwners(owners);
  const std::vector<PlacementNode> members{node(1, "", 1, NodeStanding::Absent), node(2)};
  EXPECT_THAT(promoteReplicas(map, members).moves, IsEmpty());
}

TEST(PromoteReplicas, ALeavingOwnerServesWhereNobodyElseLives) {
  const OwnerChange owners{PartitionId(0), {kOne, kTwo}};
  const PartitionMap map = PartitionMap(1).withOwners({&owners, 1});
  const std::vector<PlacementNode> members{node(2, "", 1, NodeStanding::Leaving), node(3)};
  const RebalancePlan plan = promoteReplicas(map, members);
  ASSERT_THAT(plan.moves, SizeIs(1));
  EXPECT_THAT(plan.moves[0].to, ElementsAre(kTwo, kOne));
}

}  // namespace
}  // namespace clusterkit
