// Nodes join, return, go down, drain and leave: statuses, refusals, and events in their order.
#include "state_fixture.hpp"

namespace clusterkit {
namespace {

using Types = std::vector<std::string>;

std::vector<std::string> names(const std::vector<PartitionId>& partitions) {
  std::vector<std::string> names;
  for (const auto p : partitions) names.push_back(toString(p));
  return names;
}

class Membership : public StateFixture {};

TEST_F(Membership, NothingIsAppliedBeforeTheClusterExists) {
  EXPECT_EQ(run(AddNode{nodeSpec(1), {}}).code, OutcomeCode::NoCluster);
  EXPECT_EQ(run(SetValue{"k", "v", {}}).code, OutcomeCode::NoCluster);
  EXPECT_FALSE(state().exists());
  EXPECT_EQ(state().appliedIndex, LogIndex(2));
}

TEST_F(Membership, CreationMakesTheFirstNodeActiveOwnerOfAllAndTellsIt) {
  create(clusterFacts(2, 1));
  EXPECT_EQ(node(1).status, NodeStatus::Active);
  EXPECT_EQ(ownersOf(0), owners({1}));
  EXPECT_EQ(ownersOf(1), owners({1}));
  EXPECT_EQ(state().mapEpoch(), Epoch(1));
  EXPECT_EQ(eventTypes(), (Types{"node_join", "rebalance_start", "partition_change", "partition_change",
                                 "rebalance_complete"}));
  EXPECT_EQ(eventsOf<NodeJoin>()[0].kind, NodeJoin::Kind::Bootstrap);
  EXPECT_EQ(eventsOf<NodeJoin>()[0].clusterSize, 1u);
  EXPECT_EQ(eventsOf<PartitionChange>()[1].newPrimary, "node-1");
  EXPECT_EQ(state().health.status, HealthStatus::Healthy);
  EXPECT_EQ(run(CreateCluster{clusterFacts(), nodeSpec(1)}).code, OutcomeCode::ClusterExists);
}

TEST_F(Membership, CreationRefusesFactsOutOfRange) {
  for (auto spoil :
       {+[](ClusterFacts& f) { f.id = ClusterId(); }, +[](ClusterFacts& f) { f.partitionCount = 0; },
        +[](ClusterFacts& f) { f.partitionCount = kMaxPartitionCount + 1; },
        +[](ClusterFacts& f) { f.replicationFactor = 0; },
        +[](ClusterFacts& f) { f.replicationFactor = kMaxReplicationFactor + 1; },
        +[](ClusterFacts& f) { f.eventsRetain = 0; }, +[](ClusterFacts& f) { f.name.clear(); },
        +[](ClusterFacts& f) { f.idempotencyRetain = 0; }}) {
    ClusterFacts facts = clusterFacts();
    spoil(facts);
    const Outcome outcome = run(CreateCluster{facts, nodeSpec(1)});
    EXPECT_EQ(outcome.code, OutcomeCode::InvalidArgument);
    EXPECT_FALSE(outcome.message.empty());
    EXPECT_FALSE(state().exists());
  }
}

TEST_F(Membership, AJoiningNodeOwnsNothingUntilItIsActive) {
  create();
  ASSERT_TRUE(run(AddNode{nodeSpec(2), {}}).applied());
  EXPECT_EQ(eventTypes(), Types{"node_join"});
  EXPECT_EQ(eventsOf<NodeJoin>()[0].clusterSize, 2u);
  EXPECT_EQ(eventsOf<NodeJoin>()[0].kind, NodeJoin::Kind::Join);
  EXPECT_EQ(node(2).status, NodeStatus::Joining);
  EXPECT_EQ(run(plan({{PartitionId(0), owners({1, 2})}})).code, OutcomeCode::NodeUnavailable);
  ASSERT_TRUE(run(status(2, NodeStatus::Active)).applied());
  EXPECT_TRUE(run(plan({{PartitionId(0), owners({1, 2})}})).applied());
}

TEST_F(Membership, ALiveNodesIdIsRefusedToAnotherDataFolder) {
  create();
  addActive(2);
  NodeSpec other = nodeSpec(2);
  other.member = MemberId(22);
  for (const NodeStatus alive : {NodeStatus::Active, NodeStatus::Suspect}) {
    if (alive == NodeStatus::Suspect) {
      ASSERT_TRUE(run(status(2, alive)).applied());
    }
    EXPECT_EQ(run(AddNode{other, {}}).code, OutcomeCode::DuplicateNode);
  }
  EXPECT_EQ(state().findNode(MemberId(22)), nullptr);
}

TEST_F(Membership, AMemberIdBelongsToOneNode) {
  create();
  NodeSpec other = nodeSpec(3);
  other.member = MemberId(1);
  EXPECT_EQ(run(AddNode{other, {}}).code, OutcomeCode::DuplicateMember);
}

TEST_F(Membership, ARepeatedAnnouncementOfOneRunChangesNothing) {
  create();
  addActive(2);
  EXPECT_TRUE(run(AddNode{nodeSpec(2), {}}).applied());
  EXPECT_TRUE(run(RejoinNode{nodeSpec(2), {}}).applied());
  EXPECT_TRUE(events_.empty());
  EXPECT_EQ(node(2).incarnation, 1u);
}

TEST_F(Membership, AQuickRestartIsARejoinWithItsRealOfflineTimeAndItsPartitions) {
  create();
  addActive(2);
  assign({{PartitionId(1), owners({2, 1})}, {PartitionId(3), owners({1, 2})}});
  const WallTime lastSeen = now_ - 1500ms;  // the command comes a second later
  NodeSpec moved = nodeSpec(2, 2);
  moved.httpAddress = "10.0.9.9:8080";
  ASSERT_TRUE(run(RejoinNode{moved, lastSeen}).applied());
  EXPECT_EQ(eventTypes(), Types{"node_rejoin"});
  const NodeRejoin rejoin = eventsOf<NodeRejoin>()[0];
  EXPECT_EQ(rejoin.offlineDuration, 2500ms);
  EXPECT_EQ(rejoin.lastSeenAt, lastSeen);
  EXPECT_EQ(names(rejoin.partitionsBeforeLeave), (Types{"partition-1", "partition-3"}));
  EXPECT_EQ(rejoin.node->incarnation, 2u);
  EXPECT_EQ(node(2).status, NodeStatus::Active);
  EXPECT_EQ(node(2).spec.httpAddress, "10.0.9.9:8080");
  EXPECT_EQ(ownersOf(1), owners({2, 1}));
}

TEST_F(Membership, DownTellsWhatItOwnedAndReplicasArePromotedInTheSameStep) {
  create();
  addActive(2);
  assign({{PartitionId(0), owners({2, 1})}, {PartitionId(2), owners({1, 2})}});
  SetNodeStatus down = status(2, NodeStatus::Down, now_);
  down.promotions = {{PartitionId(0), owners({1, 2})}};
  down.mapEpoch = state().mapEpoch();
  const Epoch before = state().partitions->epochOf(PartitionId(0));
  ASSERT_TRUE(run(down).applied());
  EXPECT_EQ(eventTypes(), (Types{"node_leave", "partition_change", "cluster_health_change"}));
  const NodeLeave leave = eventsOf<NodeLeave>()[0];
  EXPECT_EQ(leave.reason, LeaveReason::HealthCheckFailure);
  EXPECT_EQ(names(leave.partitionsOwned), Types{"partition-0"});
  EXPECT_EQ(names(leave.partitionsReplica), Types{"partition-2"});
  const PartitionChange change = eventsOf<PartitionChange>()[0];
  EXPECT_EQ(change.reason, ChangeReason::Failover);
  EXPECT_EQ(change.oldPrimary, "node-2");
  EXPECT_EQ(change.newPrimary, "node-1");
  EXPECT_EQ(change.copyFromNodes, Types{"node-1"}) << "never empty while a holder lives";
  EXPECT_EQ(state().partitions->epochOf(PartitionId(0)), Epoch(before.value + 1));
  EXPECT_EQ(state().health.status, HealthStatus::Critical) << "one of two nodes is half";
}

TEST_F(Membership, PromotionsOnAnOldMapAreRefusedWithTheWholeCommand) {
  create();
  addActive(2);
  assign({{PartitionId(0), owners({2, 1})}});
  SetNodeStatus down = status(2, NodeStatus::Down);
  down.promotions = {{PartitionId(0), owners({1, 2})}};
  down.mapEpoch = Epoch(state().mapEpoch().value - 1);
  EXPECT_EQ(run(down).code, OutcomeCode::StaleMapEpoch);
  EXPECT_EQ(node(2).status, NodeStatus::Active);
  down.mapEpoch = state().mapEpoch();
  down.promotions = {{PartitionId(0), owners({1})}};
  EXPECT_EQ(run(down).code, OutcomeCode::InvalidArgument) << "a promotion loses no owner";
  down.promotions = {{PartitionId(0), owners({2, 1})}};
  EXPECT_EQ(run(down).code, OutcomeCode::InvalidArgument) << "the one that goes down cannot be primary";
  EXPECT_EQ(node(2).status, NodeStatus::Active);
}

TEST_F(Membership, AVerdictOnAnEarlierLifeIsRefused) {
  create();
  addActive(2);
  ASSERT_TRUE(run(RejoinNode{nodeSpec(2, 2), {}}).applied());
  SetNodeStatus down = status(2, NodeStatus::Down);
  down.incarnation = 1;
  EXPECT_EQ(run(down).code, OutcomeCode::StaleNode);
  EXPECT_EQ(node(2).status, NodeStatus::Active);
}

TEST_F(Membership, AReturnFromDownIsARejoinEvenWithoutARestart) {
  create();
  addActive(2);
  assign({{PartitionId(0), owners({1, 2})}});
  const WallTime lastSeen = now_;
  ASSERT_TRUE(run(status(2, NodeStatus::Suspect, lastSeen)).applied());
  EXPECT_EQ(eventTypes(), Types{"cluster_health_change"});
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  EXPECT_EQ(run(status(2, NodeStatus::Active)).code, OutcomeCode::IllegalTransition);
  ASSERT_TRUE(run(RejoinNode{nodeSpec(2), {}}).applied());
  EXPECT_EQ(eventTypes(), (Types{"node_rejoin", "cluster_health_change"}));
  const NodeRejoin rejoin = eventsOf<NodeRejoin>()[0];
  EXPECT_EQ(rejoin.offlineDuration, 4000ms);
  EXPECT_EQ(rejoin.lastSeenAt, lastSeen);
  EXPECT_EQ(names(rejoin.partitionsBeforeLeave), Types{"partition-0"});
  EXPECT_EQ(node(2).status, NodeStatus::Active);
  EXPECT_EQ(node(2).incarnation, 2u);
  EXPECT_TRUE(node(2).partitionsBeforeLeave.empty());
}

TEST_F(Membership, S052_AWipedNodeReturnsAsAnotherMemberWithoutItsCopies) {
  create();
  addActive(2);
  assign({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({1, 2})}});
  SetNodeStatus down = status(2, NodeStatus::Down);
  ASSERT_TRUE(run(down).applied());
  NodeSpec wiped = nodeSpec(2, 5);
  wiped.member = MemberId(22);
  ASSERT_TRUE(run(AddNode{wiped, {}}).applied());
  EXPECT_EQ(eventTypes(), (Types{"node_rejoin", "partition_change", "cluster_health_change"}));
  EXPECT_EQ(names(eventsOf<NodeRejoin>()[0].partitionsBeforeLeave), (Types{"partition-0", "partition-1"}));
  EXPECT_EQ(node(22).status, NodeStatus::Joining);
  EXPECT_EQ(node(22).incarnation, 2u);
  EXPECT_EQ(state().findNode(MemberId(2)), nullptr);
  EXPECT_EQ(state().findNode("node-2")->spec.member, MemberId(22));
  EXPECT_EQ(ownersOf(0), owners({1}));
  EXPECT_EQ(ownersOf(1), owners({1}));
  EXPECT_EQ(eventsOf<PartitionChange>()[0].oldPrimary, "node-2");
  EXPECT_EQ(run(RejoinNode{nodeSpec(2, 6), {}}).code, OutcomeCode::MemberRemoved) << "the old folder";
}

TEST_F(Membership, RemovalTombstonesTheMemberAndRemembersTheNode) {
  create();
  addActive(2);
  assign({{PartitionId(3), owners({2, 1})}});
  ASSERT_TRUE(run(RemoveNode{MemberId(2)}).applied());
  EXPECT_EQ(eventTypes(), (Types{"node_leave", "partition_change"}));
  EXPECT_EQ(eventsOf<NodeLeave>()[0].reason, LeaveReason::RemovedByAdmin);
  EXPECT_EQ(eventsOf<PartitionChange>()[0].reason, ChangeReason::NodeRemoved);
  EXPECT_EQ(eventsOf<PartitionChange>()[0].oldPrimary, "node-2");
  EXPECT_EQ(state().findNode("node-2"), nullptr);
  EXPECT_EQ(ownersOf(3), owners({1}));
  EXPECT_EQ(run(AddNode{nodeSpec(2, 2), {}}).code, OutcomeCode::MemberRemoved);
  NodeSpec fresh = nodeSpec(2, 3);
  fresh.member = MemberId(22);
  ASSERT_TRUE(run(AddNode{fresh, {}}).applied());
  EXPECT_EQ(eventTypes(), Types{"node_rejoin"});
  EXPECT_EQ(eventsOf<NodeRejoin>()[0].offlineDuration, 2000ms);
  EXPECT_EQ(names(eventsOf<NodeRejoin>()[0].partitionsBeforeLeave), Types{"partition-3"});
  EXPECT_EQ(node(22).incarnation, 2u);
}

TEST_F(Membership, ANodeThatIsDownIsRemovedWithoutASecondLeave) {
  create();
  addActive(2);
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  ASSERT_TRUE(run(RemoveNode{MemberId(2)}).applied());
  EXPECT_TRUE(eventsOf<NodeLeave>().empty());
  EXPECT_EQ(eventTypes(), Types{"cluster_health_change"}) << "the dead node was all that was unhealthy";
}

TEST_F(Membership, TheLastCopyIsNotGivenUpWithoutConsent) {
  create();
  addActive(2);
  assign({{PartitionId(1), owners({2})}});
  const Outcome refused = run(RemoveNode{MemberId(2)});
  EXPECT_EQ(refused.code, OutcomeCode::LastCopy);
  EXPECT_EQ(refused.message, "node node-2 has the last copy of partition-1");
  EXPECT_EQ(run(status(2, NodeStatus::Left)).code, OutcomeCode::LastCopy);
  RemoveNode consented{MemberId(2)};
  consented.consent = RemoveNode::Consent::LoseLastCopies;
  ASSERT_TRUE(run(consented).applied());
  EXPECT_TRUE(ownersOf(1).empty());
  EXPECT_EQ(conditionOf(state(), PartitionId(1)), PartitionCondition::Unassigned);
  EXPECT_EQ(state().health.status, HealthStatus::Critical);
}

TEST_F(Membership, TheLastNodeCanNeitherBeRemovedNorDrained) {
  create();
  EXPECT_EQ(run(RemoveNode{MemberId(1)}).code, OutcomeCode::LastNode);
  EXPECT_EQ(run(DrainNode{MemberId(1)}).code, OutcomeCode::LastNode);
}

TEST_F(Membership, ADrainOutlivesSuspicionAndRestart) {
  create();
  addActive(2);
  ASSERT_TRUE(run(DrainNode{MemberId(2)}).applied());
  EXPECT_EQ(node(2).status, NodeStatus::Draining);
  ASSERT_TRUE(run(status(2, NodeStatus::Suspect)).applied());
  ASSERT_TRUE(run(status(2, NodeStatus::Active)).applied());
  EXPECT_EQ(node(2).status, NodeStatus::Draining);
  ASSERT_TRUE(run(RejoinNode{nodeSpec(2, 2), {}}).applied());
  EXPECT_EQ(node(2).status, NodeStatus::Draining);
  ASSERT_TRUE(run(UndrainNode{MemberId(2)}).applied());
  EXPECT_EQ(node(2).status, NodeStatus::Active);
}

TEST_F(Membership, ADrainedNodeLeavesGracefullyAndComesBackAsAJoiningOne) {
  create();
  addActive(2);
  ASSERT_TRUE(run(DrainNode{MemberId(2)}).applied());
  ASSERT_TRUE(run(status(2, NodeStatus::Left)).applied());
  EXPECT_EQ(eventTypes(), Types{"node_leave"});
  EXPECT_EQ(eventsOf<NodeLeave>()[0].reason, LeaveReason::GracefulShutdown);
  EXPECT_EQ(state().health.totalNodes, 1u) << "who left on purpose is not missed";
  ASSERT_TRUE(run(RejoinNode{nodeSpec(2, 2), {}}).applied());
  EXPECT_EQ(eventTypes(), Types{"node_rejoin"});
  EXPECT_EQ(node(2).status, NodeStatus::Joining);
}

TEST_F(Membership, UnknownMembersAreNotFound) {
  create();
  EXPECT_EQ(run(status(9, NodeStatus::Down)).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(DrainNode{MemberId(9)}).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(UndrainNode{MemberId(9)}).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(RemoveNode{MemberId(9)}).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(RejoinNode{nodeSpec(9), {}}).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(UpdateNode{nodeSpec(9)}).code, OutcomeCode::NotFound);
  EXPECT_EQ(run(AnnounceLeader{MemberId(9)}).code, OutcomeCode::NotFound);
  EXPECT_EQ(stateHash(state()), stateHash(state()));
}

TEST_F(Membership, BadNodesAreRefusedWithAReason) {
  create();
  for (auto spoil : {+[](NodeSpec& s) { s.id.clear(); }, +[](NodeSpec& s) { s.id = "a\nb"; },
                     +[](NodeSpec& s) { s.id = "\xff"; }, +[](NodeSpec& s) { s.member = MemberId(); },
                     +[](NodeSpec& s) { s.httpAddress = std::string(300, 'x'); },
                     +[](NodeSpec& s) { s.weight = 2'000'000; }, +[](NodeSpec& s) { s.services.resize(1); },
                     +[](NodeSpec& s) {
                       s.services.assign(300, {"kv", "", "", 1, {}, {}});
                     }}) {
    NodeSpec spec = nodeSpec(2);
    spoil(spec);
    const Outcome outcome = run(AddNode{spec, {}});
    EXPECT_EQ(outcome.code, OutcomeCode::InvalidArgument);
    EXPECT_FALSE(outcome.message.empty());
  }
  EXPECT_EQ(state().nodes.size(), 1u);
}

TEST_F(Membership, LeadersAreToldOncePerTerm) {
  create();
  addActive(2);
  ASSERT_TRUE(run(AnnounceLeader{MemberId(1)}).applied());
  EXPECT_EQ(eventTypes(), Types{"leader_change"});
  ASSERT_TRUE(run(AnnounceLeader{MemberId(1)}).applied());
  EXPECT_TRUE(events_.empty());
  term_ = Epoch(4);
  ASSERT_TRUE(run(AnnounceLeader{MemberId(2)}).applied());
  const LeaderChange change = eventsOf<LeaderChange>()[0];
  EXPECT_EQ(change.leader, "node-2");
  EXPECT_EQ(change.previousLeader, "node-1");
  EXPECT_EQ(change.term, Epoch(4));
  EXPECT_EQ(state().leader->electedAt, now_);
}

TEST_F(Membership, HealthFollowsNodesAndPartitions) {
  create(clusterFacts(2, 2));
  EXPECT_EQ(state().health.status, HealthStatus::Degraded) << "one copy where two are asked for";
  addActive(2);
  addActive(3);
  assign({{PartitionId(0), owners({1, 2})}, {PartitionId(1), owners({2, 3})}});
  EXPECT_EQ(state().health.status, HealthStatus::Healthy);
  EXPECT_EQ(eventTypes().back(), "cluster_health_change");
  ASSERT_TRUE(run(status(3, NodeStatus::Suspect)).applied());
  EXPECT_EQ(state().health.status, HealthStatus::Degraded);
  EXPECT_EQ(eventsOf<ClusterHealthChange>()[0].health.unhealthyNodeIds, Types{"node-3"});
  ASSERT_TRUE(run(status(3, NodeStatus::Down)).applied());
  EXPECT_TRUE(eventsOf<ClusterHealthChange>().empty()) << "still degraded by the same node";
  EXPECT_EQ(state().health.partitionsUnderReplicated, 1u);
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  EXPECT_EQ(state().health.status, HealthStatus::Critical);
  EXPECT_EQ(state().health.partitionsOffline, 1u);
  EXPECT_EQ(state().health, computeHealth(state()));
}

}  // namespace
}  // namespace clusterkit
