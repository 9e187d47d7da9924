// Plans run: at once or by acknowledged hand-over, with everything that can get in their way.
#include "state_fixture.hpp"

namespace clusterkit {
namespace {

using Types = std::vector<std::string>;

class RebalanceStory : public StateFixture {
 protected:
  void SetUp() override {
    create();
    for (const int number : {2, 3}) addActive(number);
  }

  // A plan in acknowledged mode whose moves have begun; the plan's name.
  LogIndex beginHandoffs(std::vector<OwnerChange> moves) {
    std::vector<PartitionId> all;
    for (const auto& move : moves) all.push_back(move.partition);
    const Outcome start = run(plan(std::move(moves), HandoffMode::Acknowledged));
    EXPECT_TRUE(start.applied()) << start.message;
    const Outcome begin = run(BeginMoves{start.index, all});
    EXPECT_TRUE(begin.applied()) << begin.message;
    return start.index;
  }

  ReportPartitionReady ready(std::uint32_t partition, std::uint64_t member, LogIndex handoff = {}) const {
    return {PartitionId(partition), MemberId(member), handoff};
  }
};

TEST_F(RebalanceStory, AnImmediatePlanTellsStartChangesAndCompletionInOrder) {
  const Outcome start = run(plan({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({1, 3})}}));
  ASSERT_TRUE(start.applied());
  EXPECT_EQ(eventTypes(), Types{"rebalance_start"});
  EXPECT_EQ(eventsOf<RebalanceStart>()[0].partitionsToMove, 2u);
  EXPECT_EQ(eventsOf<RebalanceStart>()[0].nodesAffected, (Types{"node-1", "node-2", "node-3"}));
  EXPECT_EQ(ownersOf(0), owners({1})) << "a plan moves nothing by itself";
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(0)}}).applied());
  EXPECT_EQ(eventTypes(), Types{"partition_change"});
  const PartitionChange change = eventsOf<PartitionChange>()[0];
  EXPECT_EQ(change.copyToNode, "node-2");
  EXPECT_EQ(change.copyFromNodes, Types{"node-1"});
  EXPECT_EQ(change.oldPrimary, "node-1");
  EXPECT_EQ(change.newPrimary, "node-2");
  EXPECT_EQ(change.reason, ChangeReason::Rebalance);
  EXPECT_EQ(change.partitionEpoch, Epoch(2));
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(1)}}).applied());
  EXPECT_EQ(eventTypes(), (Types{"partition_change", "rebalance_complete"}));
  EXPECT_EQ(eventsOf<RebalanceComplete>()[0].duration, 2000ms);
  EXPECT_EQ(eventsOf<RebalanceComplete>()[0].start.partitionsToMove, 2u);
  EXPECT_FALSE(state().rebalance);
  EXPECT_EQ(state().lastRebalance->rebalance.partitionsMoved, 2u);
}

TEST_F(RebalanceStory, WhoLosesAPartitionIsReleased) {
  assign({{PartitionId(0), owners({2, 3})}});
  EXPECT_EQ(eventTypes(),
            (Types{"partition_change", "partition_change", "partition_released", "rebalance_complete"}));
  EXPECT_EQ(eventsOf<PartitionReleased>()[0].node, "node-1");
  EXPECT_EQ(eventsOf<PartitionChange>()[1].copyToNode, "node-3");
  EXPECT_EQ(eventsOf<PartitionChange>()[1].copyFromNodes, Types{"node-1"}) << "node-2 has no data yet either";
}

TEST_F(RebalanceStory, APlanOnAnOldMapIsRefused) {
  StartRebalance old = plan({{PartitionId(0), owners({2, 1})}});
  assign({{PartitionId(1), owners({2, 1})}});
  EXPECT_EQ(run(old).code, OutcomeCode::StaleMapEpoch);
}

TEST_F(RebalanceStory, BadPlansAreRefused) {
  EXPECT_EQ(run(plan({})).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(plan({{PartitionId(4), owners({2})}})).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(plan({{PartitionId(0), {}}})).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(plan({{PartitionId(0), owners({2, 2})}})).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(plan({{PartitionId(0), owners({1})}})).code, OutcomeCode::InvalidArgument) << "moves nothing";
  EXPECT_EQ(run(plan({{PartitionId(0), owners({2})}, {PartitionId(0), owners({3})}})).code,
            OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(plan({{PartitionId(0), owners({9})}})).code, OutcomeCode::NodeUnavailable);
  EXPECT_FALSE(state().rebalance);
  EXPECT_TRUE(state().pendingMoves.empty());
}

TEST_F(RebalanceStory, OnePlanAtATime) {
  ASSERT_TRUE(run(plan({{PartitionId(0), owners({2, 1})}})).applied());
  EXPECT_EQ(run(plan({{PartitionId(1), owners({2, 1})}})).code, OutcomeCode::RebalanceRunning);
  EXPECT_EQ(run(BeginMoves{LogIndex(1), {PartitionId(0)}}).code, OutcomeCode::StalePlan);
}

TEST_F(RebalanceStory, AnAcknowledgedMoveWaitsForTheDataThenFlips) {
  beginHandoffs({{PartitionId(0), owners({2, 1})}});
  EXPECT_EQ(eventTypes(), Types{"partition_change"});
  EXPECT_EQ(eventsOf<PartitionChange>()[0].copyFromNodes, Types{"node-1"});
  EXPECT_EQ(ownersOf(0), owners({1})) << "the old owner serves on";
  EXPECT_EQ(conditionOf(state(), PartitionId(0)), PartitionCondition::Moving);
  EXPECT_EQ(run(ready(0, 3)).code, OutcomeCode::NotWaiting);
  ASSERT_TRUE(run(ready(0, 2, state().findHandoff(PartitionId(0))->id)).applied());
  EXPECT_EQ(eventTypes(), (Types{"partition_ready", "partition_change", "rebalance_complete"}));
  EXPECT_EQ(eventsOf<PartitionChange>()[0].reason, ChangeReason::HandoffCompleted);
  EXPECT_EQ(eventsOf<PartitionChange>()[0].newPrimary, "node-2");
  EXPECT_EQ(ownersOf(0), owners({2, 1}));
  EXPECT_EQ(state().partitions->epochOf(PartitionId(0)), Epoch(2));
  EXPECT_EQ(run(ready(0, 2)).code, OutcomeCode::NotWaiting) << "a repeated report";
}

TEST_F(RebalanceStory, EveryNewOwnerIsWaitedForAndTheLoserIsReleasedAfterwards) {
  beginHandoffs({{PartitionId(0), owners({2, 3})}});
  ASSERT_TRUE(run(ready(0, 3)).applied());
  EXPECT_EQ(eventTypes(), Types{"partition_ready"});
  EXPECT_EQ(ownersOf(0), owners({1}));
  ASSERT_TRUE(run(ready(0, 2)).applied());
  EXPECT_EQ(eventTypes(),
            (Types{"partition_ready", "partition_change", "partition_released", "rebalance_complete"}));
  EXPECT_EQ(eventsOf<PartitionReleased>()[0].node, "node-1");
  EXPECT_EQ(ownersOf(0), owners({2, 3}));
}

TEST_F(RebalanceStory, TheTimeLimitEndsAHandover) {
  const LogIndex name = beginHandoffs({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({3, 1})}});
  EXPECT_EQ(run(FinishHandoffs{LogIndex(1), {PartitionId(0)}}).code, OutcomeCode::StalePlan);
  EXPECT_EQ(run(FinishHandoffs{name, {PartitionId(2)}}).code, OutcomeCode::NotFound);
  ASSERT_TRUE(run(FinishHandoffs{name, {PartitionId(0)}}).applied());
  EXPECT_EQ(ownersOf(0), owners({2, 1}));
  EXPECT_TRUE(state().rebalance);
  ASSERT_TRUE(run(FinishHandoffs{name, {PartitionId(1)}}).applied());
  EXPECT_FALSE(state().rebalance);
}

TEST_F(RebalanceStory, ARoleSwapNeedsNoHandover) {
  assign({{PartitionId(0), owners({1, 2})}});
  beginHandoffs({{PartitionId(0), owners({2, 1})}});
  EXPECT_EQ(eventTypes(), (Types{"partition_change", "rebalance_complete"}));
  EXPECT_EQ(ownersOf(0), owners({2, 1}));
}

TEST_F(RebalanceStory, AnOldReportDoesNotFinishALaterHandover) {
  beginHandoffs({{PartitionId(0), owners({2, 1})}});
  const LogIndex first = state().findHandoff(PartitionId(0))->id;
  ASSERT_TRUE(run(ControlRebalance{{}, ControlRebalance::Action::Cancel}).applied());
  beginHandoffs({{PartitionId(0), owners({2, 1})}});
  EXPECT_EQ(run(ready(0, 2, first)).code, OutcomeCode::NotWaiting);
  EXPECT_TRUE(run(ready(0, 2)).applied());
}

TEST_F(RebalanceStory, CancelKeepsTheOldOwnersAndTellsWhoHadBegunToCopy) {
  const Outcome start = run(
      plan({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({3, 1})}}, HandoffMode::Acknowledged));
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(0)}}).applied());
  ASSERT_TRUE(run(ControlRebalance{start.index, ControlRebalance::Action::Cancel}).applied());
  EXPECT_EQ(eventTypes(), (Types{"partition_released", "rebalance_complete"}));
  EXPECT_EQ(eventsOf<PartitionReleased>()[0].node, "node-2");
  EXPECT_EQ(eventsOf<RebalanceComplete>()[0].outcome, RebalanceOutcome::Cancelled);
  EXPECT_EQ(ownersOf(0), owners({1}));
  EXPECT_TRUE(state().handoffs.empty());
  EXPECT_TRUE(state().pendingMoves.empty());
  EXPECT_EQ(state().lastRebalance->rebalance.partitionsDropped, 2u);
  EXPECT_EQ(run(ControlRebalance{{}, ControlRebalance::Action::Cancel}).code, OutcomeCode::StalePlan);
}

TEST_F(RebalanceStory, APausedPlanBeginsNothingButTakesReports) {
  const Outcome start = run(
      plan({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({3, 1})}}, HandoffMode::Acknowledged));
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(0)}}).applied());
  ASSERT_TRUE(run(ControlRebalance{start.index, ControlRebalance::Action::Pause}).applied());
  EXPECT_EQ(run(BeginMoves{start.index, {PartitionId(1)}}).code, OutcomeCode::RebalancePaused);
  EXPECT_TRUE(run(ready(0, 2)).applied());
  ASSERT_TRUE(run(ControlRebalance{start.index, ControlRebalance::Action::Resume}).applied());
  EXPECT_TRUE(run(BeginMoves{start.index, {PartitionId(1)}}).applied());
}

TEST_F(RebalanceStory, MovesToANodeThatGoesDownAreDroppedAndThePlanEnds) {
  const Outcome start = run(
      plan({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({2, 1})}}, HandoffMode::Acknowledged));
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(0)}}).applied());
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  EXPECT_EQ(eventTypes(),
            (Types{"node_leave", "partition_released", "rebalance_complete", "cluster_health_change"}));
  EXPECT_EQ(state().lastRebalance->rebalance.partitionsDropped, 2u);
  EXPECT_EQ(ownersOf(0), owners({1}));
  EXPECT_TRUE(state().pendingMoves.empty());
}

TEST_F(RebalanceStory, AMoveWhoseTargetDrainsMeanwhileIsRefused) {
  const Outcome start = run(plan({{PartitionId(0), owners({2, 1})}}));
  ASSERT_TRUE(run(DrainNode{MemberId(2)}).applied());
  EXPECT_EQ(run(BeginMoves{start.index, {PartitionId(0)}}).code, OutcomeCode::NodeUnavailable);
  EXPECT_NE(state().pendingMoves.find(BigEndianKey(PartitionId(0))), nullptr);
}

TEST_F(RebalanceStory, WithoutALiveSourceNobodyWaits) {
  assign({{PartitionId(0), owners({2})}});
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  EXPECT_EQ(conditionOf(state(), PartitionId(0)), PartitionCondition::Offline);
  beginHandoffs({{PartitionId(0), owners({3})}});
  EXPECT_EQ(ownersOf(0), owners({3}));
  EXPECT_TRUE(eventsOf<PartitionChange>()[0].copyFromNodes.empty());
  EXPECT_EQ(eventTypes().back(), "cluster_health_change");
}

TEST_F(RebalanceStory, CopySourcesAreLiveHoldersOnly) {
  assign({{PartitionId(0), owners({2, 1})}});
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  const Outcome start = run(plan({{PartitionId(0), owners({1, 3})}}));
  ASSERT_TRUE(run(BeginMoves{start.index, {PartitionId(0)}}).applied());
  const auto changes = eventsOf<PartitionChange>();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].copyToNode, "node-1");
  EXPECT_EQ(changes[0].copyFromNodes, Types{"node-1"});
  EXPECT_EQ(changes[1].copyToNode, "node-3");
  EXPECT_EQ(changes[1].copyFromNodes, Types{"node-1"});
  EXPECT_EQ(changes[0].oldPrimary, "node-2");
}

TEST_F(RebalanceStory, PromotionChangesOrderOnlyAndRaisesTheEpoch) {
  assign({{PartitionId(0), owners({1, 2})}});
  PromoteReplicas command{state().mapEpoch(), {{PartitionId(0), owners({2, 1})}}};
  const Epoch before = state().partitions->epochOf(PartitionId(0));
  ASSERT_TRUE(run(command).applied());
  EXPECT_EQ(eventTypes(), Types{"partition_change"});
  EXPECT_EQ(eventsOf<PartitionChange>()[0].copyFromNodes, Types{"node-1"});
  EXPECT_EQ(state().partitions->epochOf(PartitionId(0)), Epoch(before.value + 1));
  EXPECT_EQ(run(command).code, OutcomeCode::StaleMapEpoch);
}

}  // namespace
}  // namespace clusterkit
