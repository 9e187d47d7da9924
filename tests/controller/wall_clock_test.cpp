// The wall clock only dates what happens. It jumps in the middle of what the controller counts: nothing ends
// sooner or later for it.
#include <gtest/gtest.h>

#include "cluster_sim.hpp"

namespace clusterkit::test {
namespace {

using std::chrono::hours;

class JumpOfTheWallClock : public testing::TestWithParam<Duration> {};
INSTANTIATE_TEST_SUITE_P(Controller, JumpOfTheWallClock,
                         testing::Values(Duration(hours(48)), Duration(-hours(48))), [](const auto& test) {
                           return test.param > Duration() ? "TwoDaysForward" : "TwoDaysBack";
                         });

TEST_P(JumpOfTheWallClock, S092_ChangesNothingWhereAllAreWell) {
  ClusterSim sim({}, 3);
  const std::size_t proposals = sim.proposals.size();
  sim.wallJump = GetParam();
  sim.run(seconds(20));
  EXPECT_EQ(sim.proposals.size(), proposals);
}

// By the wall clock every grace time is over after the first jump, and none ever would be after the second.
TEST_P(JumpOfTheWallClock, S092_ExpiresNothingOfANodeThatIsAwayAndHoldsNothingUp) {
  ClusterSim sim({}, 4);
  const std::size_t rebalances = sim.proposed<StartRebalance>();
  sim.kill(2);
  ASSERT_TRUE(sim.runUntil([&] { return sim.node(2).status == NodeStatus::Down; }, seconds(5)));
  const std::size_t copies = sim.copiesOf(2);
  ASSERT_EQ(copies, 24u);
  sim.wallJump = GetParam();
  sim.run(seconds(2));
  EXPECT_EQ(sim.copiesOf(2), copies) << "no burst";
  EXPECT_EQ(sim.proposed<StartRebalance>(), rebalances);
  EXPECT_EQ(sim.eventsOf<NodeLeave>(), 1u) << "nobody else is thought away";
  sim.run(seconds(7));
  EXPECT_EQ(sim.copiesOf(2), copies) << "the ten seconds of grace are those of the steady clock";
  sim.run(seconds(3));
  EXPECT_EQ(sim.copiesOf(2), 0u);
}

// A suspicion counts probes; the jump comes between two of them.
TEST_P(JumpOfTheWallClock, S092_MakesNoDeathSoonerAndNoneLater) {
  ClusterSim sim({}, 4);
  sim.kill(2);
  ASSERT_TRUE(sim.runUntil([&] { return sim.node(2).status == NodeStatus::Suspect; }, seconds(5)));
  sim.wallJump = GetParam();
  sim.run(milliseconds(300));
  EXPECT_EQ(sim.node(2).status, NodeStatus::Suspect);
  EXPECT_TRUE(sim.runUntil([&] { return sim.node(2).status == NodeStatus::Down; }, seconds(1)));
  for (const std::uint64_t n : {1u, 3u, 4u}) EXPECT_EQ(sim.node(n).status, NodeStatus::Active);
}

}  // namespace
}  // namespace clusterkit::test
