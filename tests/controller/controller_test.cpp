// Stories of whole clusters on fake time.
#include "controller/controller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cluster_sim.hpp"

namespace clusterkit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ClusterSim;
using test::ClusterSimOptions;

bool whole(const ClusterSim& sim) {
  return !sim.state().rebalance && sim.state().health.status == HealthStatus::Healthy;
}

TEST(Controller, NodesThatJoinTogetherAreOneRebalance) {
  ClusterSim sim({}, 3);
  const std::size_t rebalances = sim.proposed<StartRebalance>();
  for (std::uint64_t n = 4; n <= 6; ++n) {
    sim.join(n);
    sim.run(milliseconds(40));
  }
  sim.run(seconds(2));
  EXPECT_EQ(sim.proposed<StartRebalance>(), rebalances + 1);
  EXPECT_TRUE(whole(sim));
  for (std::uint64_t n = 1; n <= 6; ++n) EXPECT_EQ(sim.copiesOf(n), 16u);
  EXPECT_EQ(sim.voters(), 5u);
  EXPECT_LE(sim.mostMovesAtOnce, 8u);
}

// Nodes that leave the first one with nothing of some partitions: its copies go once the others hold the
// data.
TEST(Controller, ACopyThatWasTheOnlyOneGoesWithASecondRebalance) {
  ClusterSim sim;
  for (std::uint64_t n = 2; n <= 5; ++n) sim.join(n);
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<StartRebalance>(), 2u);
  for (const CommandBody& body : sim.proposals) {
    const auto* start = std::get_if<StartRebalance>(&body);
    EXPECT_TRUE(start == nullptr || start->trigger == RebalanceTrigger::NodeJoin)
        << "nobody has asked by hand";
  }
  EXPECT_TRUE(whole(sim));
  for (std::uint64_t n = 1; n <= 5; ++n) EXPECT_NEAR(static_cast<double>(sim.copiesOf(n)), 19.2, 1);
}

TEST(Controller, ANodeThatIsDrainedWhileItGetsItsShareGivesEverythingBack) {
  ClusterSimOptions options;
  options.rebalance.maxMoves = 1;
  ClusterSim sim(options, 3);
  sim.run(seconds(5));
  sim.join(4);
  ASSERT_TRUE(sim.runUntil([&] { return sim.copiesOf(4) > 3; }, seconds(5)));
  EXPECT_TRUE(sim.apply(DrainNode{ClusterSim::member(4)}).applied());
  sim.run(seconds(5));
  EXPECT_FALSE(sim.state().rebalance);
  EXPECT_EQ(sim.copiesOf(4), 0u);
  for (const std::uint64_t n : {1u, 2u, 3u}) EXPECT_EQ(sim.copiesOf(n), 32u);
}

// The design gives the fourth node half a second until the map is right.
TEST(Controller, AFourthNodeHasItsShareWithinHalfASecond) {
  ClusterSimOptions options;
  options.partitions = 64;
  ClusterSim sim(options, 3);
  sim.join(4);
  const auto took = sim.runUntil([&] { return sim.copiesOf(4) == 48 && !sim.state().rebalance; }, seconds(2));
  ASSERT_TRUE(took);
  EXPECT_LE(*took, milliseconds(500));
}

TEST(Controller, ADeadNodeIsDownAndItsReplicasPromotedWithinThreeSecondsButNothingMovesDuringTheGrace) {
  ClusterSim sim({}, 4);
  const std::size_t rebalances = sim.proposed<StartRebalance>();
  sim.kill(2);
  const auto took = sim.runUntil([&] { return sim.node(2).status == NodeStatus::Down; }, seconds(5));
  ASSERT_TRUE(took);
  EXPECT_LE(*took, milliseconds(2500));
  EXPECT_EQ(sim.primariesOf(2), 0u) << "promoted in the same step";
  EXPECT_EQ(sim.copiesOf(2), 24u);
  sim.run(seconds(9));
  EXPECT_EQ(sim.proposed<StartRebalance>(), rebalances);
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<StartRebalance>(), rebalances + 1) << "after the grace the copies are placed anew";
  EXPECT_EQ(sim.copiesOf(2), 0u);
  for (const std::uint64_t n : {1u, 3u, 4u}) EXPECT_EQ(sim.copiesOf(n), 32u);
}

TEST(Controller, ARestartWithinTheGraceMovesNothing) {
  ClusterSim sim({}, 4);
  const std::size_t rebalances = sim.proposed<StartRebalance>();
  sim.kill(2);
  sim.run(seconds(8));
  ASSERT_EQ(sim.node(2).status, NodeStatus::Down);
  const PartitionMap before = sim.map();
  sim.restart(2);
  sim.run(seconds(30));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
  EXPECT_EQ(sim.map(), before);
  EXPECT_EQ(sim.proposed<StartRebalance>(), rebalances);
  EXPECT_EQ(sim.voters(), 3u) << "four nodes, three voters, the same as before";
}

// A return is one rejoin, told by the new run itself: the leader must not first bring back the old one.
TEST(Controller, ARestartedNodeThatAnswersProbesIsBroughtBackByItsOwnAnnouncementOnly) {
  ClusterSim sim({}, 3);
  sim.kill(2);
  sim.run(seconds(4));
  ASSERT_EQ(sim.node(2).status, NodeStatus::Down);
  sim.runAgain(2);
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<RejoinNode>(), 0u);
  EXPECT_EQ(sim.node(2).status, NodeStatus::Down);
  const WallTime seen = sim.controller.lastSignOfLife(ClusterSim::member(2), sim.nowPair());
  EXPECT_GE(sim.nowPair().wall - seen, seconds(6)) << "the new run's answers do not shorten the time away";
  sim.announce(2);
  sim.run(seconds(3));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
  EXPECT_EQ(sim.proposed<RejoinNode>(), 0u);
}

TEST(Controller, ANodeThatWasOnlyCutOffIsBroughtBackByTheLeader) {
  ClusterSim sim({}, 3);
  sim.kill(2);
  sim.run(seconds(4));
  ASSERT_EQ(sim.node(2).status, NodeStatus::Down);
  sim.heal(2);
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<RejoinNode>(), 1u);
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
}

// How long it was away is counted from there, not from when the new leader found out.
TEST(Controller, TheLeaderBeforeCountsAsSeenWhenItWasLastHeard) {
  ClusterSim sim({}, 3);
  const Now heard = sim.nowPair();
  sim.run(milliseconds(400));
  sim.kill(2);
  sim.controller.onBecomeLeader(sim.state(), sim.consensus, heard.steady, sim.nowPair());
  EXPECT_EQ(sim.controller.lastSignOfLife(ClusterSim::member(2), sim.nowPair()), heard.wall);
  sim.run(seconds(4));
  ASSERT_EQ(sim.node(2).status, NodeStatus::Down);
  EXPECT_EQ(sim.node(2).lastSeenAt, heard.wall);
  EXPECT_GT(sim.controller.lastSignOfLife(ClusterSim::member(3), sim.nowPair()), heard.wall);
}

// An earlier leader could not reach it; nobody probes the one who leads now.
TEST(Controller, ALeaderThatWasDeclaredDownBeforeItLedBringsItselfBack) {
  ClusterSim sim({}, 3);
  ASSERT_TRUE(
      sim.apply(SetNodeStatus{ClusterSim::member(1), 0, NodeStatus::Down, {}, {}, Epoch()}).applied());
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<RejoinNode>(), 1u);
  EXPECT_EQ(sim.node(1).status, NodeStatus::Active);
}

TEST(Controller, ALeaderThatWasRestartedSinceItWasDeclaredDownAnnouncesItself) {
  ClusterSimOptions options;
  options.leaderRestarts = 1;
  ClusterSim sim(options, 3);
  ASSERT_TRUE(
      sim.apply(SetNodeStatus{ClusterSim::member(1), 0, NodeStatus::Down, {}, {}, Epoch()}).applied());
  sim.run(seconds(3));
  EXPECT_EQ(sim.proposed<RejoinNode>(), 0u);
  sim.announce(1);
  sim.run(seconds(3));
  EXPECT_EQ(sim.node(1).status, NodeStatus::Active);
}

TEST(Controller, ARestartFasterThanTheDetectorDisturbsNothingAtAll) {
  ClusterSim sim({}, 3);
  const PartitionMap before = sim.map();
  const std::size_t proposals = sim.proposals.size();
  sim.kill(3);
  sim.run(milliseconds(700));
  sim.restart(3);
  sim.run(seconds(30));
  EXPECT_EQ(sim.map(), before);
  EXPECT_EQ(sim.proposals.size(), proposals);
}

TEST(Controller, AManualRebalanceLevelsPrimariesAfterAReturn) {
  ClusterSim sim({}, 4);
  sim.kill(2);
  sim.run(seconds(5));
  sim.restart(2);
  sim.run(seconds(2));
  ASSERT_EQ(sim.primariesOf(2), 0u);
  const RebalancePlan plan = sim.controller.dryRun(sim.nowPair());
  EXPECT_EQ(plan.copiesMoved(), 0u);
  EXPECT_EQ(plan.primariesChanged(), 8u);
  EXPECT_EQ(sim.primariesOf(2), 0u) << "a dry run changes nothing";
  sim.controller.requestRebalance();
  sim.run(seconds(1));
  EXPECT_EQ(sim.primariesOf(2), 8u);
}

TEST(Controller, ANodeThatWasCutOffComesBackWithoutARestart) {
  ClusterSim sim({}, 3);
  sim.kill(3);
  sim.run(seconds(4));
  ASSERT_EQ(sim.node(3).status, NodeStatus::Down);
  sim.heal(3);
  sim.run(seconds(2));
  EXPECT_EQ(sim.node(3).status, NodeStatus::Active);
  EXPECT_EQ(sim.eventsOf<NodeRejoin>(), 1u);
}

TEST(Controller, NobodyIsEvictedWhileTheLeadersOwnNetworkIsDead) {
  ClusterSim sim({}, 3);
  const PartitionMap before = sim.map();
  sim.isolated = true;
  sim.run(seconds(20));
  sim.isolated = false;
  sim.run(seconds(20));
  EXPECT_EQ(sim.eventsOf<NodeLeave>(), 0u);
  EXPECT_EQ(sim.map(), before);
  EXPECT_EQ(sim.state().health.status, HealthStatus::Healthy);
}

TEST(Controller, TheDeathOfOneOfThreeDoesNotTakeAnotherWithIt) {
  ClusterSim sim({}, 3);
  sim.kill(3);
  sim.run(minutes(2));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
  EXPECT_EQ(sim.eventsOf<NodeLeave>(), 1u);
  EXPECT_EQ(sim.state().health.partitionsOffline, 0u);
  EXPECT_EQ(sim.primariesOf(1), 16u);
  EXPECT_EQ(sim.primariesOf(2), 16u);
  EXPECT_EQ(sim.voters(), 3u) << "a failure alone never shrinks the voters";
}

TEST(Controller, AFlappingNodeGetsNothingUntilItHasStayedUpForAWhile) {
  ClusterSimOptions options;
  options.rebalance.grace = milliseconds(500);
  ClusterSim sim(options, 4);
  for (int i = 0; i < 5; ++i) {
    sim.kill(4);
    sim.run(seconds(4));
    sim.restart(4);
    sim.run(seconds(2));
  }
  EXPECT_EQ(sim.node(4).status, NodeStatus::Active);
  EXPECT_EQ(sim.copiesOf(4), 0u) << "held back";
  sim.run(seconds(60));
  EXPECT_EQ(sim.copiesOf(4), 24u);
}

TEST(Controller, ADeathInTheMiddleOfARebalanceIsSurvived) {
  ClusterSimOptions options;
  options.rebalance.maxMoves = 1;
  options.commitDelay = milliseconds(100);
  ClusterSim sim(options, 3);
  sim.run(seconds(20));
  sim.join(4);
  ASSERT_TRUE(sim.runUntil([&] { return sim.copiesOf(4) > 3; }, seconds(5)));
  sim.kill(4);
  sim.run(seconds(30));
  EXPECT_FALSE(sim.state().rebalance);
  EXPECT_EQ(sim.copiesOf(4), 0u);
  for (const std::uint64_t n : {1u, 2u, 3u}) EXPECT_EQ(sim.copiesOf(n), 32u);
  EXPECT_EQ(sim.state().health.partitionsUnderReplicated, 0u);
}

TEST(Controller, MovesPerNodeStayUnderTheLimit) {
  ClusterSimOptions options;
  options.rebalance.maxMoves = 3;
  options.rebalance.handoff = HandoffMode::Acknowledged;
  options.rebalance.handoffTimeout = seconds(5);
  ClusterSim sim(options, 1);
  sim.join(2);
  sim.run(seconds(1));
  EXPECT_EQ(sim.state().handoffs.size(), 3u);
  sim.run(seconds(3));
  EXPECT_EQ(sim.state().handoffs.size(), 3u) << "nobody has reported";

  const Handoff first = sim.state().handoffs.first()->value;
  EXPECT_TRUE(sim.apply(ReportPartitionReady{first.partition, ClusterSim::member(2), first.id}).applied());
  sim.run(milliseconds(100));
  EXPECT_EQ(sim.copiesOf(2), 1u);
  EXPECT_EQ(sim.state().handoffs.size(), 3u) << "the next one has begun";
  sim.run(seconds(120));
  EXPECT_FALSE(sim.state().rebalance) << "those that never report are finished when their time is up";
  EXPECT_EQ(sim.copiesOf(2), 32u);
}

TEST(Controller, APausedRebalanceWaitsAndACancelledOneStaysCancelledUntilSomethingChanges) {
  ClusterSimOptions options;
  options.rebalance.maxMoves = 1;
  ClusterSim sim(options, 1);
  sim.join(2);
  ASSERT_TRUE(sim.runUntil([&] { return sim.copiesOf(2) >= 2; }, seconds(3)));
  EXPECT_TRUE(sim.apply(ControlRebalance{{}, ControlRebalance::Action::Pause}).applied());
  sim.run(milliseconds(50));
  const std::size_t copies = sim.copiesOf(2);
  sim.run(seconds(30));
  EXPECT_EQ(sim.copiesOf(2), copies);

  EXPECT_TRUE(sim.apply(ControlRebalance{{}, ControlRebalance::Action::Cancel}).applied());
  sim.run(seconds(30));
  EXPECT_EQ(sim.copiesOf(2), copies);
  EXPECT_FALSE(sim.state().rebalance);

  sim.controller.onBecomeLeader(sim.state(), sim.consensus, std::nullopt, sim.nowPair());
  sim.run(seconds(30));
  EXPECT_EQ(sim.copiesOf(2), copies) << "under the next leader too";
  sim.controller.requestRebalance();
  sim.run(seconds(5));
  EXPECT_EQ(sim.copiesOf(2), 32u);
}

TEST(Controller, ADrainedNodeEndsWithoutCopiesAndWithoutAVote) {
  ClusterSim sim({}, 4);
  EXPECT_TRUE(sim.apply(DrainNode{ClusterSim::member(2)}).applied());
  sim.run(seconds(3));
  EXPECT_EQ(sim.copiesOf(2), 0u);
  EXPECT_EQ(sim.consensus.find(ClusterSim::member(2))->vote, Vote::Learner);
  EXPECT_EQ(sim.voters(), 3u);
  EXPECT_EQ(sim.node(2).status, NodeStatus::Left);
  EXPECT_EQ(sim.controller.whyNotRemove(ClusterSim::member(2), RemoveNode::Consent::KeepLastCopies), "");
  EXPECT_TRUE(sim.apply(RemoveNode{ClusterSim::member(2)}).applied());
  sim.run(seconds(1));
  EXPECT_EQ(sim.consensus.find(ClusterSim::member(2)), nullptr) << "removed from consensus as well";
}

TEST(Controller, ANodeThatHasLeftComesBackWhenItIsUndrained) {
  ClusterSim sim({}, 4);
  EXPECT_TRUE(sim.apply(DrainNode{ClusterSim::member(2)}).applied());
  sim.run(seconds(3));
  ASSERT_EQ(sim.node(2).status, NodeStatus::Left);
  EXPECT_TRUE(sim.apply(UndrainNode{ClusterSim::member(2)}).applied());
  sim.run(seconds(3));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
  EXPECT_EQ(sim.copiesOf(2), 24u);
}

// A leader that is drained leaves under its successor.
TEST(Controller, ALeaderNeverDeclaresThatItHasLeftItself) {
  ClusterSim sim({}, 3);
  EXPECT_TRUE(sim.apply(DrainNode{ClusterSim::member(1)}).applied());
  sim.run(seconds(3));
  EXPECT_EQ(sim.copiesOf(1), 0u);
  EXPECT_EQ(sim.node(1).status, NodeStatus::Draining);
}

TEST(Controller, WithOneCopyEachAMoveKeepsTheOldOwnerUntilTheNewOneIsThere) {
  ClusterSimOptions options;
  options.replicationFactor = 1;
  ClusterSim sim(options, 1);
  sim.join(2);
  sim.run(seconds(3));  // checkMoves() looks at every step
  EXPECT_EQ(sim.copiesOf(1), 16u);
  EXPECT_EQ(sim.copiesOf(2), 16u);
}

TEST(Controller, DoesNothingWhileItDoesNotLead) {
  ClusterSim sim({}, 3);
  sim.controller.onStepDown();
  sim.kill(2);
  const Actions actions = sim.controller.onTick(sim.nowPair());
  EXPECT_TRUE(actions.probes.empty());
  EXPECT_TRUE(actions.proposals.empty());
  EXPECT_FALSE(actions.voterChange);
}

TEST(Controller, WithHealthChecksOffNobodyIsProbedAndJoinsStillWork) {
  ClusterSim sim;
  ControllerOptions options;
  options.self = ClusterSim::member(1);
  options.healthChecks = HealthChecks::Disabled;
  sim.controller = Controller(options);
  sim.controller.onBecomeLeader(sim.state(), sim.consensus, std::nullopt, sim.nowPair());
  sim.join(2);
  sim.run(seconds(2));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
  EXPECT_EQ(sim.copiesOf(2), 32u);
  sim.kill(2);
  sim.run(minutes(1));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Active);
}

// Random lives: joins, deaths, returns, drains, changes of leader. ClusterSim checks every move and every
// vote; at the end, when all that is left is well, the cluster has to be whole.
class RandomControllerLives : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomControllerLives, ::testing::Range<std::uint64_t>(1, 9));

TEST_P(RandomControllerLives, EndWholeAndBalanced) {
  std::mt19937_64 random(GetParam());
  ClusterSimOptions options;
  options.replicationFactor = static_cast<std::uint32_t>(1 + random() % 3);
  options.rebalance.handoff = random() % 2 ? HandoffMode::Immediate : HandoffMode::Acknowledged;
  options.rebalance.handoffTimeout = seconds(3);
  options.rebalance.grace = seconds(3);
  ClusterSim sim(options, 3);
  std::uint64_t nodes = 3;
  for (int step = 0; step < 12; ++step) {
    const std::uint64_t n = 2 + random() % (nodes - 1);
    switch (random() % 6) {
      case 0:
      case 1:
        if (nodes < 7) {
          ++nodes;
          sim.join(nodes, "zone-" + std::to_string(nodes % 2));
        }
        break;
      case 2:
        if (sim.dead.empty()) sim.kill(n);  // one at a time: the quorum is another test's business
        break;
      case 3:
        if (sim.dead.contains(ClusterSim::member(n))) sim.restart(n);
        break;
      case 4: sim.controller.onBecomeLeader(sim.state(), sim.consensus, std::nullopt, sim.nowPair()); break;
      case 5:
        (void)sim.apply(random() % 2 ? CommandBody(DrainNode{ClusterSim::member(n)})
                                     : CommandBody(UndrainNode{ClusterSim::member(n)}));
        break;
    }
    sim.run(milliseconds(200 + static_cast<std::int64_t>(random() % 5000)));
  }
  for (std::uint64_t n = 2; n <= nodes; ++n) {
    if (sim.dead.contains(ClusterSim::member(n))) sim.restart(n);
    (void)sim.apply(UndrainNode{ClusterSim::member(n)});
  }
  const auto quiet = [&] { return whole(sim); };
  sim.run(minutes(6));  // longer than any hold
  ASSERT_TRUE(sim.runUntil(quiet, minutes(2)));
  const double share = 32.0 * std::min<double>(options.replicationFactor, static_cast<double>(nodes)) /
                       static_cast<double>(nodes);
  for (std::uint64_t n = 1; n <= nodes; ++n) {
    EXPECT_EQ(sim.node(n).status, NodeStatus::Active);
    EXPECT_NEAR(static_cast<double>(sim.copiesOf(n)), share, 1.0);
  }
  EXPECT_EQ(sim.voters(), nodes >= 5 ? 5u : 3u);
}

}  // namespace
}  // namespace clusterkit
