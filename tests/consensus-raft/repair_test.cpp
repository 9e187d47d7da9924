// Followers far behind, limits and back-pressure: scenarios 33, 35, 36 and 38; and a follower that lost its
// tail: 46.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

TEST(Repair, S033_CatchUpTakesRoundTripsByTermsNotByEntries) {
  // 10,000 entries behind each other in 20 terms on one side, 20 other terms on the other.
  std::vector<std::uint64_t> leaderTerms, followerTerms;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    leaderTerms.push_back(2 + 2 * (i / 500));
    followerTerms.push_back(1 + 2 * (i / 500));
  }
  SimCluster cluster(33);
  cluster.addWithLog(A, abc, leaderTerms);
  cluster.addWithLog(B, abc, leaderTerms);
  cluster.addWithLog(C, abc, followerTerms);
  int rejections = 0;
  cluster.network().seen = [&](const Message& m) {
    rejections += std::holds_alternative<AppendRejected>(m.body) ? 1 : 0;
  };
  cluster.awaitLeader();
  cluster.expectConverged();
  EXPECT_GT(rejections, 0);
  EXPECT_LE(rejections, 2 * 20 + 5);
}

TEST(Limits, S035_CommandOverTheLimitIsRefusedAndOthersOfTheBatchAreNot) {
  Options options = testOptions();
  options.maxEntryBytes = 100;
  options.maxAppendBytes = 50;
  SimCluster cluster(35, {A, B, C}, options);
  const MemberId leader = cluster.awaitLeader();
  const Handle tooLarge = cluster.propose(leader, std::string(101, 'x'));
  const Handle largest = cluster.propose(leader, std::string(100, 'y'));
  ASSERT_TRUE(cluster.hasEnded(tooLarge));
  EXPECT_EQ(cluster.outcome(tooLarge)->code, OutcomeCode::TooLarge);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(largest); }))
      << "an entry over an append's size still travels";
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(leader).commands().size(), 1u);
}

TEST(Limits, S036_WindowOfASlowFollowerIsBounded) {
  Options options = testOptions();
  options.maxInflightMessages = 4;
  options.maxAppendBytes = 1000;
  SimCluster cluster(36, {A, B, C}, options);
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId slow = leader == A ? B : A;
  std::uint64_t bytesUnderWay = 0;
  cluster.network().filter = [&](const Message& m) {
    if (m.to != slow) return true;
    if (const auto* request = std::get_if<AppendRequest>(&m.body)) {
      for (const Entry& e : request->entries) bytesUnderWay += sizeOf(e);
    }
    return !std::holds_alternative<AppendRequest>(m.body);
  };
  for (int i = 0; i < 200; ++i) cluster.propose(leader, std::string(500, 'x'));
  cluster.runFor(40ms);  // less than a heartbeat: nothing is sent again
  EXPECT_GT(bytesUnderWay, 0u);
  EXPECT_LE(bytesUnderWay, 4 * options.maxAppendBytes);
  EXPECT_LE(cluster.node(leader).raft().progressOf(slow)->inflight.messages(), 4u);
  cluster.network().filter = nullptr;
  cluster.expectConverged();
}

TEST(Limits, S036_FollowerWhoseDiskStandsStillIsNotFilledThroughHeartbeats) {
  Options options = testOptions();
  options.maxInflightMessages = 4;
  options.maxAppendBytes = 1000;
  SimCluster cluster(136, {A, B, C}, options);
  cluster.network().maxDelay =
      cluster.network().minDelay;  // in order, so that the window is never probed again
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId slow = cluster.followers().front();
  cluster.node(slow).disk().held = true;
  for (int i = 0; i < 200; ++i) cluster.propose(leader, std::string(500, 'x'));
  cluster.runFor(10s);
  EXPECT_LE(cluster.node(slow).status().logBytes, 5 * options.maxAppendBytes)
      << "it keeps what it cannot write";
  cluster.node(slow).disk().held = false;
  cluster.expectConverged();
}

TEST(Limits, S036_FullWindowThatWasLostIsFoundOutByAHeartbeat) {
  Options options = testOptions();
  options.maxInflightMessages = 2;
  options.maxAppendBytes = 100;
  SimCluster cluster(236, {A, B, C}, options);
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId deaf = cluster.followers().front();
  cluster.network().filter = [&](const Message& m) {
    return m.to != deaf || !std::holds_alternative<AppendRequest>(m.body);
  };
  for (int i = 0; i < 20; ++i) cluster.propose(leader, std::string(50, 'x'));
  cluster.runFor(20ms);
  cluster.network().filter = nullptr;
  cluster.expectConverged(500ms);
}

TEST(Limits, S038_TooManyUncommittedBytesAreRefusedUntilTheyCommit) {
  Options options = testOptions();
  options.maxUncommittedBytes = 1000;
  SimCluster cluster(38, {A, B, C}, options);
  const MemberId leader = cluster.awaitLeader();
  std::vector<Handle> writes;
  for (int i = 0; i < 20; ++i) writes.push_back(cluster.propose(leader, std::string(100, 'x')));
  ASSERT_TRUE(cluster.hasEnded(writes.back()));
  EXPECT_EQ(cluster.outcome(writes.back())->code, OutcomeCode::Refused);
  EXPECT_FALSE(cluster.hasEnded(writes.front()));
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(writes.front()); }));
  EXPECT_TRUE(cluster.commitSomething()) << "it resumes by itself";
  cluster.expectConverged();
  std::size_t ok = 0;
  for (Handle write : writes) ok += cluster.isOk(write) ? 1u : 0u;
  EXPECT_EQ(cluster.node(leader).commands().size(), ok + 1) << "a refused write is not done";
}

TEST(Repair, S046_NodeThatLostItsTailNeitherVotesNorLeadsUntilItIsWhole) {
  SimCluster cluster(46, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  const MemberId broken = leader == A ? B : A;
  const MemberId third = MemberId{A.value + B.value + C.value - leader.value - broken.value};
  const LogIndex highWater = cluster.node(broken).status().durableIndex;
  cluster.crash(broken);
  DiskImage& image = cluster.node(broken).disk().durable();
  image.log.erase(image.log.upper_bound(at(4)), image.log.end());
  image.hard.commit = at(3);
  cluster.crash(third);
  cluster.restart(leader);
  cluster.restart(broken, SimNode::Boot::Repairing, highWater);
  ASSERT_FALSE(cluster.node(broken).alarms().empty());
  EXPECT_EQ(cluster.node(broken).alarms().back(), Alarm::LogLostTail);
  cluster.runFor(5s);
  EXPECT_EQ(cluster.leader(), MemberId{}) << "it voted although it has lost what it once acknowledged";
  cluster.restart(third);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && !cluster.node(broken).status().repairing; }));
  EXPECT_EQ(cluster.node(broken).alarms().back(), Alarm::MadeWhole);
  cluster.expectConverged();
  cluster.crash(cluster.leader() == third ? leader : third);
  EXPECT_TRUE(cluster.commitSomething()) << "now its vote and its disk count again";
}

TEST(Repair, S046_NodeThatLostEvenItsTermDoesNotVoteUntilItHoldsWhatItAcknowledged) {
  InitialState state;
  state.cluster = theCluster;
  state.self = A;
  state.repairing = true;
  state.highWater = at(4);
  SoloNode node(state);
  EXPECT_TRUE(node.status().repairing);
  const Entry first{at(1), term(1), shared(abc)};
  node.receive(B, term(7), AppendRequest{at(0), term(0), {first, entry(2, 7)}, at(2)}, at(1));
  EXPECT_TRUE(node.status().repairing) << "in which term it acknowledged 4 is not known";
  node.receive(C, term(8), VoteRequest{at(2), term(7), VoteReason::Transfer}, at(1));
  ASSERT_TRUE(node.newest<VoteReply>(C).has_value());
  EXPECT_FALSE(node.newest<VoteReply>(C)->granted);
  node.receive(C, term(8), AppendRequest{at(2), term(7), entries(3, {8, 8}), at(4)}, at(1));
  EXPECT_FALSE(node.status().repairing);
}

TEST(Repair, S046_LeaderOfTheSameTermForgetsWhatTheNodeAcknowledged) {
  SimCluster cluster(146, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  const Term before = cluster.highestTerm();
  const MemberId broken = leader == A ? B : A;
  const LogIndex highWater = cluster.node(broken).status().durableIndex;
  cluster.crash(broken);
  DiskImage& image = cluster.node(broken).disk().durable();
  image.log.erase(image.log.upper_bound(at(2)), image.log.end());
  image.hard.commit = at(1);
  cluster.restart(broken, SimNode::Boot::Repairing, highWater);
  ASSERT_TRUE(cluster.runUntil([&] { return !cluster.node(broken).status().repairing; }))
      << cluster.describe();
  EXPECT_EQ(cluster.highestTerm(), before) << "the leader stayed";
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
