// Changes of the membership one at a time: scenarios 70, 74 to 78, 80, 82 and 83; see also learner_test.cpp.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

TEST(Membership, S070_SecondChangeWaitsForTheFirst) {
  SimCluster cluster(70, {A, B, C, D});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const Handle first = cluster.change(leader, RemoveMember{cluster.followers()[0]});
  const Handle second = cluster.change(leader, RemoveMember{cluster.followers()[1]});
  ASSERT_TRUE(cluster.hasEnded(second));
  EXPECT_EQ(cluster.outcome(second)->code, OutcomeCode::Conflict);
  EXPECT_EQ(cluster.await(first), OutcomeCode::Ok);
  EXPECT_EQ(cluster.await(cluster.change(leader, RemoveMember{cluster.followers()[1]})), OutcomeCode::Ok)
      << "now it is its turn";
}

TEST(Membership, S074_NewNodeIsALearnerUntilItHasCaughtUpAndWeakensNoQuorum) {
  SimCluster cluster(74, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.addFresh(D);
  cluster.isolate(D);
  ASSERT_EQ(cluster.await(cluster.change(leader, AddLearner{member(D)})), OutcomeCode::Ok);
  EXPECT_EQ(cluster.await(cluster.change(leader, PromoteLearner{D})), OutcomeCode::Conflict);
  ReplaceMembers four{{member(A), member(B), member(C), member(D)}};
  EXPECT_EQ(cluster.await(cluster.change(leader, four)), OutcomeCode::Conflict) << "nor by the joint way";
  const MemberId lost = cluster.followers().front();
  cluster.crash(lost);
  ASSERT_TRUE(cluster.commitSomething()) << "two of three voters suffice, the learner counts for nothing";
  cluster.restart(lost);
  cluster.heal();
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(D).status().role, Role::Learner);
  EXPECT_EQ(cluster.promote(D), OutcomeCode::Ok);
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(D).status().role, Role::Follower);
}

TEST(Membership, S074_SoleVoterWithALearnerCommitsAloneAndPromotesIt) {
  SimCluster cluster(174);
  cluster.bootstrap(A);
  cluster.awaitLeader();
  cluster.join(B);
  cluster.crash(B);
  EXPECT_TRUE(cluster.commitSomething()) << "a learner is not waited for";
  EXPECT_EQ(cluster.await(cluster.barrier(A)), OutcomeCode::Ok);
  cluster.runFor(10 * timeout);
  EXPECT_EQ(cluster.leader(), A) << "nor is its silence a lost quorum";
  cluster.restart(A);
  EXPECT_EQ(cluster.awaitLeader(), A);
  cluster.restart(B);
  cluster.expectConverged();
  EXPECT_EQ(cluster.promote(B), OutcomeCode::Ok);
  cluster.crash(A);
  cluster.runFor(10 * timeout);
  EXPECT_EQ(cluster.leader(), MemberId{}) << "one of two voters is no majority";
}

TEST(Membership, S074_LearnerWhoseConnectionBrokeInAnIdleClusterCanBePromoted) {
  SimCluster cluster(274, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.join(D);
  cluster.step(leader, PeerDown{D});
  cluster.step(leader, PeerUp{D});
  EXPECT_EQ(cluster.promote(D), OutcomeCode::Ok) << "it is known to have everything";
}

TEST(Membership, S075_PromotedLearnerThatDoesNotKnowItYetVotes) {
  SimCluster cluster(75, {A, B});
  cluster.elect(A);
  cluster.join(C);
  cluster.expectConverged();
  cluster.network().filter = [](const Message& m) {
    return m.to != C || !std::holds_alternative<AppendRequest>(m.body);
  };
  ASSERT_EQ(cluster.await(cluster.change(A, PromoteLearner{C})), OutcomeCode::Ok);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(B).raft().configuration().isVoter(C); }));
  cluster.crash(A);
  ASSERT_EQ(cluster.node(C).status().role, Role::Learner);
  cluster.network().filter = nullptr;
  EXPECT_EQ(cluster.awaitLeader(), B);
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(C).status().role, Role::Follower);
}

TEST(Membership, S076_LearnerNeverCampaigns) {
  SimCluster cluster(76, {A, B, C});
  cluster.awaitLeader();
  cluster.join(D);
  bool asked = false;
  cluster.network().seen = [&](const Message& m) {
    asked |= m.from == D &&
             (std::holds_alternative<PreVoteRequest>(m.body) || std::holds_alternative<VoteRequest>(m.body));
  };
  const Term before = cluster.highestTerm();
  cluster.isolate(D);
  cluster.runFor(20 * timeout);
  EXPECT_FALSE(asked);
  EXPECT_EQ(cluster.node(D).status().role, Role::Learner);
  const MemberId leader = cluster.leader();
  for (const MessageBody& body : {MessageBody{Heartbeat{}}, MessageBody{TimeoutNow{}}}) {
    const LogIndex configuration = cluster.node(D).status().configurationIndex;
    cluster.step(D, Receive{leader, Message{theCluster, leader, D, before, configuration, body}});
    ASSERT_EQ(cluster.node(D).status().leader, leader) << "only its leader may tell it";
  }
  EXPECT_EQ(cluster.node(D).status().role, Role::Learner) << "not even when it is told to";
  cluster.runFor(20 * timeout);
  EXPECT_FALSE(asked);
  EXPECT_EQ(cluster.highestTerm(), before);
}

TEST(Membership, S077_RemovalOfADeadFollowerCommitsWithThoseThatRemain) {
  SimCluster cluster(77, {A, B, C, D});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId dead = cluster.followers()[0], other = cluster.followers()[1];
  cluster.crash(dead);
  cluster.crash(other);
  EXPECT_EQ(cluster.await(cluster.change(leader, RemoveMember{dead})), OutcomeCode::Ok)
      << "two of the three that remain";
  cluster.runFor(10 * timeout);
  EXPECT_EQ(cluster.leader(), leader) << "nor does it miss those who no longer count";
  EXPECT_TRUE(cluster.commitSomething());
  EXPECT_EQ(cluster.node(leader).raft().configuration().voters().size(), 3u);
}

TEST(Membership, S077_QuorumShrinksWhenTheRemovalIsAppended) {
  SoloNode node(stateOf(A, configurationOf({A, B, C, D}), {}, {term(1), {}, {}}));
  node.lead({B, C});
  for (MemberId id : {B, C}) node.receive(id, term(2), AppendAccepted{at(2)});
  node.step(ChangeMembers{RemoveMember{D}, Handle{1}});
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt);
  node.receive(B, term(2), AppendAccepted{at(3)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok) << "two of three; two of four would not do";
}

// How long nobody leads, from the moment at which the old leader no longer does.
Duration gapAfter(SimCluster& cluster, MemberId old) {
  EXPECT_TRUE(cluster.runUntil([&] { return cluster.node(old).raft().role() != Role::Leader; }));
  const MonotonicTime begin = cluster.now();
  EXPECT_TRUE(cluster.runUntil([&] { return static_cast<bool>(cluster.leader()); }));
  return cluster.now() - begin;
}

TEST(Membership, S078_RemovedLeaderCommitsTheRemovalWithoutItselfAndHandsOver) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    ASSERT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    const Handle removal = cluster.change(leader, RemoveMember{leader});
    EXPECT_LT(gapAfter(cluster, leader), timeout) << "the successor was not told, an election timeout passed";
    EXPECT_EQ(cluster.await(removal), OutcomeCode::Ok);
    EXPECT_EQ(cluster.node(leader).status().role, Role::Removed);
    EXPECT_NE(cluster.awaitLeader(), leader);
    cluster.expectConverged();
    EXPECT_EQ(cluster.node(cluster.leader()).raft().configuration().memberCount(), 2u);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Membership, S078_LeaderDoesNotCountItselfForItsOwnRemoval) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {}, {term(1), {}, {}}));
  node.lead({B});
  for (MemberId id : {B, C}) node.receive(id, term(2), AppendAccepted{at(2)});
  node.step(ChangeMembers{RemoveMember{A}, Handle{1}});
  node.receive(B, term(2), AppendAccepted{at(3)});
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt) << "A and B are not a majority of B and C";
  EXPECT_EQ(node.status().role, Role::Leader) << "until then it leads";
  node.receive(C, term(2), AppendAccepted{at(3)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
  EXPECT_EQ(node.status().role, Role::Removed);
}

TEST(Membership, S078_LeaderDemotedToALearnerHandsOver) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    ASSERT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    const Handle demotion = cluster.change(leader, DemoteVoter{leader});
    EXPECT_LT(gapAfter(cluster, leader), timeout);
    EXPECT_EQ(cluster.await(demotion), OutcomeCode::Ok);
    EXPECT_NE(cluster.awaitLeader(), leader);
    EXPECT_EQ(cluster.node(leader).status().role, Role::Learner);
    EXPECT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Membership, S080_RemovedNodeThatKeepsRunningDisturbsNobody) {
  SimCluster cluster(80, {A, B, C, D});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId removed = cluster.followers().front();
  cluster.isolate(removed);
  ASSERT_EQ(cluster.await(cluster.change(leader, RemoveMember{removed})), OutcomeCode::Ok);
  cluster.network().filter = [](const Message& m) { return !std::holds_alternative<RemovedNotice>(m.body); };
  cluster.heal();
  const Term before = cluster.highestTerm();
  cluster.runFor(100 * timeout);
  EXPECT_NE(cluster.node(removed).status().role, Role::Removed) << "it does not know";
  EXPECT_EQ(cluster.highestTerm(), before);
  EXPECT_EQ(cluster.leader(), leader);
  EXPECT_GT(cluster.node(leader).status().counters.removedMember, 0u);
}

TEST(Membership, S082_IsolatedOldLeaderCannotChangeTheMembership) {
  SimCluster cluster(82, {A, B, C, D, E});
  const MemberId old = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId near = cluster.followers()[0], victim = cluster.followers()[1];
  std::vector<MemberId> rest = cluster.followers();
  std::erase(rest, near);
  cluster.split({old, near}, rest);
  const Handle removal = cluster.change(old, RemoveMember{victim});
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != old; }));
  const MemberId present = cluster.awaitLeader();
  ASSERT_EQ(cluster.await(cluster.change(present, RemoveMember{near})), OutcomeCode::Ok);
  EXPECT_EQ(cluster.await(removal), OutcomeCode::Unknown) << "never committed, and said so";
  cluster.heal();
  cluster.expectConverged();
  const Configuration& now = cluster.node(cluster.leader()).raft().configuration();
  EXPECT_TRUE(now.contains(victim));
  EXPECT_FALSE(now.contains(near));
}

// While the leader still counts the other node as heard, this is the ordinary change of row 77, and safe: the
// dead node cannot lead without the survivor's vote, whose log is longer.
TEST(Membership, S083_LeaderThatHasJustHeardTheOtherOfTwoRemovesItAlone) {
  SimCluster cluster(183, {A, B});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const Term before = cluster.highestTerm();
  const MemberId dead = cluster.followers().front();
  cluster.crash(dead);
  ASSERT_EQ(cluster.await(cluster.change(leader, RemoveMember{dead}), 50ms), OutcomeCode::Ok)
      << "one of one is a majority when the removal is appended";
  cluster.runFor(20 * timeout);
  EXPECT_TRUE(cluster.commitSomething());
  cluster.restart(dead);
  ASSERT_TRUE(
      cluster.runUntil([&] { return cluster.node(dead).status().role == Role::Removed; }, 3 * timeout));
  cluster.runFor(20 * timeout);
  EXPECT_EQ(cluster.leader(), leader);
  EXPECT_EQ(cluster.highestTerm(), before) << "the other one came back and moved the term";
}

// When it no longer does, only `clusterkit recover` helps, which works on the store of a stopped node and not
// in this core.
TEST(Membership, S083_SurvivorOfTwoCannotShrinkTheClusterByItself) {
  SimCluster cluster(83, {A, B});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId dead = cluster.followers().front();
  cluster.crash(dead);
  cluster.runFor(2 * timeout);
  ASSERT_EQ(cluster.leader(), MemberId{});
  EXPECT_EQ(cluster.await(cluster.change(leader, RemoveMember{dead})), OutcomeCode::Unavailable);
  cluster.runFor(20 * timeout);
  EXPECT_EQ(cluster.leader(), MemberId{});
  cluster.restart(leader);
  cluster.runFor(20 * timeout);
  EXPECT_EQ(cluster.leader(), MemberId{}) << "nor does a restart help";
  cluster.restart(dead);
  EXPECT_TRUE(cluster.commitSomething());
}

}  // namespace
}  // namespace clusterkit::raft::test
