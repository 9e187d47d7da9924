// Linearizable reads: scenarios 88 to 91, 94 and 95. Every read in a cluster is also checked against the
// writes that were acknowledged before it began.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});
constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

HardState inTerm(std::uint64_t number) { return HardState{term(number), {}, {}}; }

// A leads in term 2, and B has its no-op: what is committed is known.
struct Leader : SoloNode {
  explicit Leader(const Options& options = testOptions(), const Configuration& members = abc)
      : SoloNode(stateOf(A, members, {}, inTerm(1)), Disk::Instant, options) {
    lead({B});
    receive(B, term(2), AppendAccepted{at(2)});
  }
};

TEST(Reads, S088_ReadAtANewLeaderWaitsForAnEntryOfItsTerm) {
  SoloNode node(stateOf(A, abc, {1, 1}, inTerm(1)));
  node.lead({B});  // term 2, no-op at 4
  node.step(Barrier{Handle{1}});
  node.receive(B, term(2), HeartbeatReply{RoundId{0}, at(3)});
  node.receive(B, term(2), AppendAccepted{at(3)});
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt) << "it cannot know yet whether 3 is all that is committed";
  node.receive(B, term(2), AppendAccepted{at(4)});
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt) << "and now a round has to show that it still leads";
  node.receive(B, term(2), HeartbeatReply{node.newest<Heartbeat>(B)->round, at(4)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
  EXPECT_EQ(node.outcomes().back().index, at(4));
}

TEST(Reads, S089_ReadAfterEverybodyHasRestartedSeesWhatWasAcknowledged) {
  SimCluster cluster(89, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  const Handle write = cluster.propose(leader, "set x 1");
  ASSERT_EQ(cluster.await(write), OutcomeCode::Ok);
  for (MemberId id : cluster.members()) cluster.crash(id);
  for (MemberId id : cluster.members()) cluster.restart(id);
  for (MemberId id : cluster.members()) {
    const Handle read = cluster.barrier(id);
    EXPECT_EQ(cluster.await(read), OutcomeCode::Ok);
    EXPECT_GE(cluster.outcome(read)->index, cluster.outcome(write)->index);
    EXPECT_EQ(cluster.node(id).values().at("x"), "1") << "an empty answer for a key that was acknowledged";
  }
}

TEST(Reads, S090_AnswersToAnEarlierRoundConfirmNoLaterRead) {
  Leader node;
  node.step(Barrier{Handle{1}});
  const RoundId first = node.newest<Heartbeat>(B)->round;
  node.step(Barrier{Handle{2}});
  ASSERT_GT(node.newest<Heartbeat>(B)->round, first) << "each read has a round that began after it";
  node.receive(C, term(2), HeartbeatReply{first, at(0)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
  EXPECT_EQ(node.outcome(Handle{2}), std::nullopt);
}

TEST(Reads, ThatComeWhileARoundIsQuickShareTheNext) {
  Options options = testOptions();
  options.readRoundSpacing = 1ms;
  Leader node(options);
  const auto rounds = [&node] { return node.newest<Heartbeat>(B)->round.value; };
  for (std::uint64_t read = 1; read <= 3; ++read) node.step(Barrier{Handle{read}});
  EXPECT_EQ(rounds(), 1u) << "the second and the third wait";
  node.receive(B, term(2), HeartbeatReply{RoundId{1}, at(2)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
  EXPECT_EQ(node.outcome(Handle{2}), std::nullopt);
  EXPECT_EQ(rounds(), 2u) << "one round for both";
  node.receive(B, term(2), HeartbeatReply{RoundId{2}, at(2)});
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Ok);
  EXPECT_EQ(node.outcome(Handle{3}), OutcomeCode::Ok);
}

TEST(Reads, ThatComeWhileARoundIsSlowGetOneBesideIt) {
  Options options = testOptions();
  options.readRoundSpacing = 1ms;
  Leader node(options);
  node.step(Barrier{Handle{1}});
  node.step(Barrier{Handle{2}});
  ASSERT_EQ(node.raft().nextDeadline(), node.now() + 1ms);
  node.wait(1ms);
  EXPECT_EQ(node.newest<Heartbeat>(B)->round, RoundId{2});
  node.receive(B, term(2), HeartbeatReply{RoundId{2}, at(2)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok)
      << "an answer to a later round confirms the earlier one";
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Ok);
}

TEST(Reads, OnlyAsManyAreAskedAsAMajorityNeedsAndTheOthersWhenTheAnswerStaysAway) {
  Leader node;
  node.forget();
  node.step(Barrier{Handle{1}});
  ASSERT_TRUE(node.newest<Heartbeat>(B)) << "it was heard last";
  EXPECT_FALSE(node.newest<Heartbeat>(C));
  const MonotonicTime patience = node.raft().nextDeadline();
  ASSERT_LT(patience, node.now() + testOptions().heartbeatInterval);
  node.wait(patience - node.now());
  ASSERT_TRUE(node.newest<Heartbeat>(C));
  node.receive(C, term(2), HeartbeatReply{node.newest<Heartbeat>(C)->round, at(0)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
  node.forget();
  node.step(Barrier{Handle{2}});
  EXPECT_TRUE(node.newest<Heartbeat>(C)) << "who has answered is asked first from now on";
  EXPECT_FALSE(node.newest<Heartbeat>(B));
}

TEST(Reads, AfterAHeartbeatThatAllHaveAnsweredWhoDidItFirstIsAsked) {
  Leader node;
  node.step(Barrier{Handle{1}});
  const RoundId round = node.newest<Heartbeat>(B)->round;
  for (const MemberId member : {C, B}) {
    node.wait(2ms);
    node.receive(member, term(2), HeartbeatReply{round, at(0)});
  }
  node.forget();
  node.step(Barrier{Handle{2}});
  EXPECT_TRUE(node.newest<Heartbeat>(C));
  EXPECT_FALSE(node.newest<Heartbeat>(B)) << "it was heard last because it is the slower one";
}

TEST(Reads, ARoundWhoseReadersHaveGivenUpKeepsNoTimerAtWork) {
  Options options = testOptions();
  options.readTimeout = 5ms;
  Leader node(options);
  node.step(Barrier{Handle{1}});
  const MonotonicTime patience = node.now() + options.heartbeatInterval / 5;
  node.wait(options.readTimeout);
  ASSERT_EQ(node.outcome(Handle{1}), OutcomeCode::Timeout);
  node.wait(patience - node.now());
  EXPECT_GT(node.raft().nextDeadline(), node.now()) << "the round is still there, and nobody waits for it";
}

TEST(Reads, ALearnerIsNotAskedForItsAnswerCountsForNothing) {
  const Configuration oneLearns = configurationOf({A, B, C}, {D});
  Leader node(testOptions(), oneLearns);
  node.receive(D, term(2), AppendAccepted{at(2)});
  node.forget();
  node.step(Barrier{Handle{1}});
  EXPECT_TRUE(node.newest<Heartbeat>(B));
  EXPECT_FALSE(node.newest<Heartbeat>(D));
}

TEST(Reads, S090_AnswersOfAnEarlierReignConfirmNothing) {
  Leader node;
  node.step(Barrier{Handle{1}});
  const RoundId round = node.newest<Heartbeat>(B)->round;
  node.receive(C, term(3), AppendRequest{at(2), term(2), {}, at(2)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unavailable);
  node.lead({B});  // term 4
  node.receive(B, term(4), AppendAccepted{at(3)});
  node.step(Barrier{Handle{2}});
  ASSERT_EQ(node.newest<Heartbeat>(B)->round, round)
      << "the numbers begin again; only the term tells them apart";
  node.receive(B, term(2), HeartbeatReply{round, at(2)});
  EXPECT_EQ(node.outcome(Handle{2}), std::nullopt);
  node.receive(B, term(4), HeartbeatReply{round, at(3)});
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Ok);
}

TEST(Reads, S091_LeaderThatStoodStillAnswersNoStaleRead) {
  for (const bool heardOfIt : {false, true}) {
    SimCluster cluster(91, {A, B, C});
    cluster.elect(A);
    ASSERT_EQ(cluster.await(cluster.propose(A, "set x old")), OutcomeCode::Ok);
    cluster.pause(A);
    if (!heardOfIt) cluster.isolate(A);
    ASSERT_TRUE(cluster.runUntil([&] {
      return cluster.node(B).status().role == Role::Leader || cluster.node(C).status().role == Role::Leader;
    }));
    cluster.runFor(5 * timeout);
    const MemberId present = cluster.node(B).status().role == Role::Leader ? B : C;
    const Handle write = cluster.propose(present, "set x new");
    ASSERT_EQ(cluster.await(write), OutcomeCode::Ok);
    cluster.resume(A);  // the news waits in its sockets, or nothing has reached it
    const Handle read = cluster.barrier(A);
    EXPECT_FALSE(cluster.isOk(read)) << "nobody was asked";
    cluster.heal();
    EXPECT_EQ(cluster.await(read), OutcomeCode::Ok);
    EXPECT_GE(cluster.outcome(read)->index, cluster.outcome(write)->index);
    EXPECT_EQ(cluster.node(A).values().at("x"), "new");
  }
}

// Even if it has not noticed how long it stood still: a read needs a round that begins after it.
TEST(Reads, S091_ReadAtALeaderWithoutFollowersIsNotAnswered) {
  Leader node;
  node.step(Barrier{Handle{1}});
  for (int i = 0; i < 5; ++i) node.wait(50ms);
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt);
  node.wait(timeout);
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unavailable);
}

TEST(Reads, S094_ReadAtTheLeaderWaitsUntilTheLeaderHasApplied) {
  SimCluster cluster(94, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId follower = cluster.followers().front();
  cluster.node(leader).applyPaused = true;
  cluster.propose(leader, "set x 1");
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(follower).values().count("x") == 1; }));
  const Handle first = cluster.barrier(follower);
  ASSERT_EQ(cluster.await(first), OutcomeCode::Ok);
  const Handle second = cluster.barrier(leader);
  cluster.runFor(200ms);
  EXPECT_FALSE(cluster.hasEnded(second)) << "it would read a state older than the follower's";
  cluster.node(leader).resumeApply(cluster.now());
  EXPECT_EQ(cluster.await(second), OutcomeCode::Ok);
  EXPECT_GE(cluster.outcome(second)->index, cluster.outcome(first)->index);
}

// A stale read asks nothing of the core: the host answers it from the state it has applied. What the core
// gives is how old that is: the applied index, and that no leader is heard.
TEST(Reads, S095_IsolatedFollowerKnowsItsAppliedIndexAndThatItHearsNoLeader) {
  SimCluster cluster(95, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  ASSERT_EQ(cluster.await(cluster.propose(leader, "set x 1")), OutcomeCode::Ok);
  cluster.expectConverged();
  const MemberId alone = cluster.followers().front();
  EXPECT_EQ(cluster.node(alone).status().leader, leader);
  cluster.isolate(alone);
  const LogIndex applied = cluster.node(alone).appliedIndex();
  ASSERT_EQ(cluster.await(cluster.propose(leader, "set x 2")), OutcomeCode::Ok);
  cluster.runFor(3 * timeout);
  EXPECT_EQ(cluster.node(alone).values().at("x"), "1");
  EXPECT_EQ(cluster.node(alone).status().appliedIndex, applied);
  EXPECT_EQ(cluster.node(alone).status().leader, MemberId{}) << "so the age of the state is not bounded";
  const Handle read = cluster.barrier(alone);
  EXPECT_EQ(cluster.await(read), OutcomeCode::Timeout) << "a linearizable read has no answer here";
}

TEST(Reads, FollowerWhoseQuestionWasRefusedAsksAgainAtABoundedRate) {
  SoloNode node(stateOf(A, abc, {}, inTerm(2)));
  node.receive(B, term(2), AppendRequest{at(1), term(1), {}, at(1)});
  node.step(Barrier{Handle{1}});
  for (int i = 0; i < 10; ++i) {
    const auto asked = node.newest<ReadIndexRequest>(B);
    ASSERT_TRUE(asked.has_value());
    node.receive(B, term(2), ReadIndexReply{asked->id, false, {}});
    node.receive(B, term(2), Heartbeat{at(1), RoundId{}});
    node.wait(50ms);
  }
  const std::size_t questions = node.all<ReadIndexRequest>(B).size();
  EXPECT_GE(questions, 4u);
  EXPECT_LE(questions, 6u) << "one in two heartbeats";
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt);
  node.receive(B, term(2), ReadIndexReply{node.newest<ReadIndexRequest>(B)->id, true, at(1)});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok) << "long before its timeout";
}

TEST(Reads, FollowerAsksTheNewLeaderAtOnce) {
  SimCluster cluster(96, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId reader = cluster.followers().front();
  cluster.crash(leader);
  const Handle read = cluster.barrier(reader);  // asks the dead one
  EXPECT_EQ(cluster.await(read, 2 * 2 * timeout), OutcomeCode::Ok);
}

}  // namespace
}  // namespace clusterkit::raft::test
