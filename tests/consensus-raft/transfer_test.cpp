// Handing leadership over: scenarios 97 to 102.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

HardState inTerm(std::uint64_t number) { return HardState{term(number), {}, {}}; }

// Leader of term 2 whose no-op 2:2 everybody has.
void settle(SoloNode& node, std::vector<MemberId> followers) {
  for (MemberId id : followers) {
    node.receive(id, term(2), AppendAccepted{node.status().lastIndex});
    node.receive(id, term(2), HeartbeatReply{});
  }
}

TEST(Transfer, S097_UpToDateFollowerLeadsWithinAHeartbeatAndARoundTrip) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    const MemberId to = cluster.followers().back();
    const Handle transfer = cluster.transfer(leader, to);
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == to; }, 50ms + 2 * 3ms)) << "seed " << seed;
    EXPECT_EQ(cluster.await(transfer), OutcomeCode::Ok);
    EXPECT_TRUE(cluster.commitSomething());
    cluster.expectConverged();  // every acknowledged write is there
  }
}

// The target knows of no commit of what it has last been sent: it must not read before it does.
TEST(Transfer, S097_ReadAtTheNewLeaderAtOnceSeesTheLastAcknowledgedWrite) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    cluster.elect(A);
    cluster.expectConverged();
    cluster.network().filter = [](const Message& m) {
      const auto* append = std::get_if<AppendRequest>(&m.body);
      const bool newsOnly = append != nullptr && append->entries.empty();
      return m.from != A || m.to != B || !(newsOnly || std::holds_alternative<Heartbeat>(m.body));
    };
    ASSERT_EQ(cluster.await(cluster.propose(A, "last")), OutcomeCode::Ok);
    const LogIndex acknowledged = cluster.checker().acknowledgedIndex();
    cluster.transfer(A, B);
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == B; }, 100ms)) << "seed " << seed;
    ASSERT_LT(cluster.node(B).status().commitIndex, acknowledged);
    const Handle read = cluster.barrier(B);
    EXPECT_EQ(cluster.await(read), OutcomeCode::Ok);
    EXPECT_GE(cluster.outcome(read)->index, acknowledged);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Transfer, S098_TargetThatCannotLeadIsRefusedAtOnce) {
  InitialState state = stateOf(A, configurationOf({A, B, C}, {D}), {}, inTerm(1));
  Configuration withTombstone = *std::get<ConfigurationPtr>(state.entries[0].payload);
  withTombstone.removed.push_back(E);
  state.entries[0].payload = shared(withTombstone);
  SoloNode node(state);
  node.lead({B, C});
  settle(node, {B, C});
  const MemberId self = A, learner = D, removed = E, unknown{99};
  std::uint64_t call = 0;
  for (MemberId to : {self, learner, removed, unknown}) {
    node.step(TransferLeadership{to, Handle{++call}});
    EXPECT_EQ(node.outcome(Handle{call}), OutcomeCode::Conflict) << "member " << to.value;
  }
  node.step(Propose{{bytes("x")}, Handle{50}});
  EXPECT_EQ(node.outcome(Handle{50}), std::nullopt) << "it was taken: the leader serves";
  EXPECT_TRUE(node.all<TimeoutNow>().empty());
}

TEST(Transfer, S098_DeadOrLaggingTargetIsGivenUpWithinAnElectionTimeout) {
  for (const bool dead : {true, false}) {
    SimCluster cluster(98, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    cluster.expectConverged();
    const MemberId to = cluster.followers().front();
    const Term before = cluster.highestTerm();
    if (dead) cluster.crash(to);
    if (!dead)
      cluster.network().filter = [&](const Message& m) {
        return m.to != to || !std::holds_alternative<AppendRequest>(m.body);
      };
    ASSERT_TRUE(cluster.commitSomething());
    const MonotonicTime begin = cluster.now();
    const Handle transfer = cluster.transfer(leader, to);
    EXPECT_EQ(cluster.await(transfer), OutcomeCode::Timeout);
    EXPECT_LE(cluster.now() - begin, 300ms + 5ms);
    EXPECT_EQ(cluster.await(cluster.propose(leader, "again")), OutcomeCode::Ok) << "the leader serves again";
    EXPECT_EQ(cluster.leader(), leader);
    EXPECT_EQ(cluster.highestTerm(), before);
  }
}

TEST(Transfer, S098_TargetThatAChangeUnderWayRemovesIsRefused) {
  SoloNode node(stateOf(A, configurationOf({A, B, C, D}), {}, inTerm(1)));
  node.lead({B, C});
  settle(node, {B, C});
  node.step(ChangeMembers{RemoveMember{D}, Handle{1}});
  node.step(TransferLeadership{D, Handle{2}});
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Conflict) << "out of the configuration in force";
}

TEST(Transfer, S099_ProposalsDuringATransferAreRefusedAsNotDone) {
  SimCluster cluster(99, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId to = cluster.followers().front();
  const Handle before = cluster.propose(leader, "before");
  const Handle transfer = cluster.transfer(leader, to);
  const Handle during = cluster.propose(leader, "during");
  const Handle change = cluster.change(leader, DemoteVoter{cluster.followers().back()});
  ASSERT_TRUE(cluster.hasEnded(during));
  EXPECT_EQ(cluster.outcome(during)->code, OutcomeCode::Refused);
  EXPECT_EQ(cluster.await(change), OutcomeCode::Conflict);
  EXPECT_EQ(cluster.await(transfer), OutcomeCode::Ok);
  ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  ASSERT_TRUE(cluster.hasEnded(before)) << "none is lost silently";
  const auto commands = cluster.node(to).commands();
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "before"), 1) << "the target had to have it first";
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "during"), 0);
}

TEST(Transfer, S100_OrderToCampaignCountsOnlyFromTheLeaderOfThisTerm) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)));
  node.receive(B, term(3), Heartbeat{at(0), RoundId{}});
  node.receive(C, term(3), TimeoutNow{});
  EXPECT_EQ(node.status().term, term(3)) << "C does not lead";
  node.receive(B, term(2), TimeoutNow{});
  EXPECT_EQ(node.status().term, term(3)) << "an order of an older term, replayed";
  node.receive(B, term(3), TimeoutNow{});
  EXPECT_EQ(node.status().term, term(4));
  EXPECT_EQ(node.status().role, Role::Candidate);
  node.receive(B, term(3), TimeoutNow{});
  EXPECT_EQ(node.status().term, term(4)) << "the same order twice";
  node.receive(B, term(4), VoteReply{true});
  ASSERT_EQ(node.status().role, Role::Leader);
  node.receive(B, term(3), TimeoutNow{});
  EXPECT_EQ(node.status().role, Role::Leader);
  EXPECT_EQ(node.status().term, term(4));
}

TEST(Transfer, S101_NewerTermCancelsTheTransfer) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B, C});
  settle(node, {B, C});
  node.step(Propose{{bytes("x")}, Handle{1}});  // so B is not yet up to date and is not told
  node.step(TransferLeadership{B, Handle{2}});
  node.forget();
  node.receive(C, term(3), VoteRequest{at(9), term(2), VoteReason::Transfer});
  EXPECT_EQ(node.status().role, Role::Follower);
  node.receive(B, term(2), AppendAccepted{at(3)});
  EXPECT_TRUE(node.all<TimeoutNow>().empty()) << "B would disturb C's election";
  node.receive(C, term(3), AppendRequest{at(3), term(2), {}, at(0)});
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Timeout);
}

TEST(Transfer, S101_TransferThatEndsWithAnotherLeaderIsNotOk) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B, C});
  settle(node, {B, C});
  node.step(TransferLeadership{B, Handle{1}});
  ASSERT_TRUE(node.newest<TimeoutNow>(B).has_value());
  node.receive(C, term(3), Heartbeat{at(0), RoundId{}});
  ASSERT_EQ(node.status().leader, C);
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Timeout) << "B was asked for, C leads";
}

TEST(Transfer, S101_TransferToTheBestVoterIsOkWhoeverLeadsNext) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B, C});
  settle(node, {B, C});
  node.step(TransferLeadership{MemberId{}, Handle{1}});
  ASSERT_EQ(node.all<TimeoutNow>().size(), 1u);
  const MemberId other = node.newest<TimeoutNow>(B) ? C : B;
  node.receive(other, term(3), Heartbeat{at(0), RoundId{}});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok) << "only to lead no longer was asked for";
}

TEST(Transfer, S102_SecondTransferWhileOneIsPendingIsRefused) {
  SimCluster cluster(102, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId first = cluster.followers().front(), second = cluster.followers().back();
  const Handle one = cluster.transfer(leader, first);
  const Handle two = cluster.transfer(leader, second);
  ASSERT_TRUE(cluster.hasEnded(two));
  EXPECT_EQ(cluster.outcome(two)->code, OutcomeCode::Conflict);
  EXPECT_EQ(cluster.await(one), OutcomeCode::Ok);
  EXPECT_EQ(cluster.awaitLeader(), first);
}

}  // namespace
}  // namespace clusterkit::raft::test
