// Elections under partitions: scenarios 14 to 21.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

TEST(Partition, S014_NodeBehindInTermLearnsItFromReplies) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimCluster cluster(seed);
    const Configuration abc = configurationOf({A, B, C});
    cluster.addWithLog(A, abc, {2, 2, 2});  // the best log, an old term
    cluster.addWithLog(B, abc, {2}, {term(3), C, {}});
    cluster.addWithLog(C, abc, {2}, {term(3), C, {}});
    cluster.crash(C);
    EXPECT_EQ(cluster.awaitLeader(3s), A) << "seed " << seed;
  }
}

TEST(Partition, S015_RestartedNodeDoesNotDisturbAHealthyLeader) {
  for (const bool leaderHearsIt : {false, true}) {
    SimCluster cluster(15, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    const Term before = cluster.highestTerm();
    const MemberId other = leader == B ? C : B;
    int refused = 0;
    cluster.network().seen = [&](const Message& m) {
      const auto* reply = std::get_if<PreVoteReply>(&m.body);
      if (reply == nullptr || m.from != leader) return;
      EXPECT_FALSE(reply->granted) << "a vote of the leader against itself";
      ++refused;
    };
    cluster.restart(other);
    cluster.network().cutOneWay(leader, other);  // it does not hear the leader, the third node does
    if (!leaderHearsIt) cluster.network().cutOneWay(other, leader);
    cluster.runFor(10 * timeout);
    EXPECT_EQ(cluster.leader(), leader);
    EXPECT_EQ(cluster.highestTerm(), before);
    EXPECT_EQ(refused > 0, leaderHearsIt);
  }
}

TEST(Partition, S015_LeaderGrantsNoPreVoteAgainstItself) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {1}, {term(3), {}, {}}));
  node.lead({B});
  for (MemberId candidate : {B, C}) {
    node.receive(candidate, term(4), PreVoteRequest{at(99), term(4)});
    ASSERT_TRUE(node.newest<PreVoteReply>(candidate).has_value());
    EXPECT_EQ(node.newest<PreVoteReply>(candidate)->proposed, term(5));
    EXPECT_FALSE(node.newest<PreVoteReply>(candidate)->granted) << "however good its log";
  }
  EXPECT_EQ(node.status().role, Role::Leader);
}

TEST(Partition, S016_DeposedLeaderAndItsFollowerAgreeSoon) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    for (MemberId id : {A, B, C}) {
      if (id != leader) {
        cluster.crash(id);
        break;
      }
    }
    cluster.restart(leader);  // forgets that it led while the remaining follower still believes in it
    cluster.awaitLeader(3 * 2 * timeout);
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

// The one that has forgotten that it led asks before its follower's patience is over.
TEST(Partition, S016_FollowerThatStillBelievesInTheDeposedLeaderElectsIt) {
  constexpr Duration impatient = 100ms;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    const MemberId leader = cluster.awaitLeader();
    cluster.crash(cluster.followers().front());
    const MemberId believer = cluster.followers().front();
    cluster.node(leader).options().electionTimeout = impatient;
    cluster.restart(leader);
    ASSERT_EQ(cluster.node(believer).status().leader, leader) << "seed " << seed;
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == leader; }, 2 * impatient + 20ms))
        << "seed " << seed << ": the follower waited until it no longer heard a leader";
  }
}

TEST(Partition, S016_WhileALeaderIsHeardOnlyItselfIsGivenAVote) {
  SoloNode node(stateOf(B, configurationOf({A, B, C}), {1}, {term(4), {}, {}}));
  node.receive(A, term(4), Heartbeat{});
  ASSERT_EQ(node.status().leader, A);
  const auto grantsPreVote = [&](MemberId candidate) {
    node.receive(candidate, term(4), PreVoteRequest{at(9), term(4)});
    return node.newest<PreVoteReply>(candidate)->granted;
  };
  EXPECT_FALSE(grantsPreVote(C));
  EXPECT_TRUE(grantsPreVote(A)) << "who asks for votes leads no longer";
  EXPECT_FALSE(grantsPreVote(C)) << "nothing has changed for others";
  node.receive(C, term(5), VoteRequest{at(9), term(4)});
  EXPECT_TRUE(node.all<VoteReply>(C).empty());
  EXPECT_EQ(node.status().term, term(4));
  node.receive(A, term(5), VoteRequest{at(9), term(4)});
  ASSERT_TRUE(node.newest<VoteReply>(A).has_value());
  EXPECT_TRUE(node.newest<VoteReply>(A)->granted);
}

TEST(Partition, S017_LeaderThatOnlyReachesABridgeGivesWay) {
  SimCluster cluster(17, {A, B, C, D, E});
  const MemberId old = cluster.awaitLeader();
  std::vector<MemberId> rest;
  for (MemberId id : cluster.members()) {
    if (id != old) rest.push_back(id);
  }
  const MemberId bridge = rest[0], alone = rest[3];
  cluster.isolate(alone);
  for (MemberId id : {rest[1], rest[2]}) cluster.network().cut(old, id);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != old; }, 20 * timeout));
  EXPECT_NE(cluster.leader(), alone);
  EXPECT_TRUE(cluster.commitSomething(20 * timeout));
  EXPECT_TRUE(cluster.node(bridge).isUp());
  const Term settled = cluster.highestTerm();
  cluster.runFor(20 * timeout);
  EXPECT_EQ(cluster.highestTerm(), settled) << "the old leader keeps disturbing";
}

TEST(Partition, S018_LeaderThatHearsNobodyStepsDownAndTermsStayStill) {
  SimCluster cluster(18, {A, B, C});
  const MemberId old = cluster.awaitLeader();
  for (MemberId id : {A, B, C}) {
    if (id != old) cluster.network().cutOneWay(id, old);
  }
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != old; }, 10 * timeout));
  EXPECT_NE(cluster.node(old).raft().role(), Role::Leader);
  const Term settled = cluster.highestTerm();
  cluster.runFor(50 * timeout);
  EXPECT_EQ(cluster.highestTerm(), settled);
  EXPECT_TRUE(cluster.commitSomething());
}

TEST(Partition, S019_RollingRestartNeverLeavesAMajorityWithoutALeaderForLong) {
  SimCluster cluster(19, {A, B, C, D, E});
  cluster.awaitLeader();
  for (MemberId id : cluster.members()) {
    cluster.crash(id);
    EXPECT_TRUE(cluster.commitSomething(3 * 2 * timeout)) << "while member " << id.value << " is down";
    cluster.restart(id);
    EXPECT_TRUE(cluster.commitSomething(3 * 2 * timeout)) << "after member " << id.value << " is back";
  }
  cluster.expectConverged();
}

TEST(Partition, S020_FollowerThatWasCutOffComesBackWithoutANewTerm) {
  SimCluster cluster(20, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  const Term before = cluster.highestTerm();
  const MemberId lost = leader == A ? B : A;
  cluster.isolate(lost);
  cluster.runFor(1000 * timeout);
  cluster.heal();
  cluster.runFor(10 * timeout);
  EXPECT_EQ(cluster.highestTerm(), before);
  EXPECT_EQ(cluster.leader(), leader);
}

TEST(Partition, S021_LeaderWithoutAMajorityStepsDownAndSaysSo) {
  SimCluster cluster(21, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.isolate(leader);
  const Handle write = cluster.propose(leader, "x");
  const Handle read = cluster.barrier(leader);
  cluster.runFor(timeout + 55ms);  // the check runs with the heartbeats
  EXPECT_NE(cluster.node(leader).raft().role(), Role::Leader);
  ASSERT_TRUE(cluster.hasEnded(write));
  EXPECT_EQ(cluster.outcome(write)->code, OutcomeCode::Unknown);
  ASSERT_TRUE(cluster.hasEnded(read));
  EXPECT_EQ(cluster.outcome(read)->code, OutcomeCode::Unavailable);
  cluster.heal();
  EXPECT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
}

TEST(Partition, FollowerThatRestartsInAnIdleClusterCatchesUpWithoutANewWrite) {
  SimCluster cluster(22, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.restart(leader == A ? B : A);
  cluster.expectConverged(1s);
}

}  // namespace
}  // namespace clusterkit::raft::test
