// A node whose disk is full: the core's share of scenario 117. It can promise nothing that must be written
// first, so it neither campaigns nor encourages others to, hands leadership over, and resumes by itself.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

TEST(FullDisk, S117_NodeThatCannotWriteAVoteGrantsNoPreVote) {
  SoloNode node(stateOf(A, abc, {}, {term(3), {}, {}}), SoloNode::Disk::Held);
  node.step(StoreFull{});
  node.receive(B, term(3), PreVoteRequest{at(5), term(3)});
  EXPECT_FALSE(node.newest<PreVoteReply>(B)->granted) << "its vote would never come, and the term would rise";
  node.step(StoreWritable{});
  node.receive(B, term(3), PreVoteRequest{at(5), term(3)});
  EXPECT_TRUE(node.newest<PreVoteReply>(B)->granted);
}

TEST(FullDisk, S117_VoteWaitsForTheDisk) {
  SoloNode node(stateOf(A, abc, {}, {term(3), {}, {}}), SoloNode::Disk::Held);
  node.step(StoreFull{});
  node.receive(B, term(4), VoteRequest{at(5), term(3)});
  EXPECT_TRUE(node.all<VoteReply>().empty());
  node.step(StoreWritable{});
  node.persist();
  ASSERT_TRUE(node.newest<VoteReply>(B).has_value());
  EXPECT_TRUE(node.newest<VoteReply>(B)->granted);
}

TEST(FullDisk, S117_TermsStandStillWhileNoMajorityCanWrite) {
  SimCluster cluster(117, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId full = cluster.followers().front(), able = cluster.followers().back();
  cluster.node(full).fillDisk();
  ASSERT_TRUE(cluster.commitSomething());  // it notices
  cluster.crash(leader);
  cluster.runFor(2s);
  const Term before = cluster.node(able).status().term;
  cluster.runFor(30s);
  EXPECT_EQ(cluster.node(able).status().term, before);
  cluster.node(full).freeDisk(cluster.now());
  EXPECT_TRUE(cluster.commitSomething()) << "it resumes without a restart";
  cluster.restart(leader);
  cluster.expectConverged();
}

TEST(FullDisk, S117_LeaderRefusesAsNotDoneAndHandsOver) {
  SimCluster cluster(118, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  cluster.node(leader).fillDisk();
  cluster.propose(leader, "notices");
  const Handle write = cluster.propose(leader, "x");
  ASSERT_TRUE(cluster.hasEnded(write));
  EXPECT_EQ(cluster.outcome(write)->code, OutcomeCode::NoSpace);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != leader; }, 2s));
  EXPECT_TRUE(cluster.commitSomething());
  cluster.node(leader).freeDisk(cluster.now());
  cluster.expectConverged();
}

TEST(FullDisk, S117_SnapshotDoesNotOvertakeTheEntriesThatWaitForTheDisk) {
  Options options = testOptions();
  options.snapshotEntries = 10;
  SimCluster cluster(119, {A, B, C}, options);
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId full = cluster.followers().front();
  cluster.node(full).fillDisk();
  ASSERT_TRUE(cluster.commitSomething());
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(full).status().lastIndex > at(2); }));
  cluster.isolate(full);
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.heal();
  cluster.runFor(2s);  // a snapshot fits, while the log's own writes still wait to be tried again
  cluster.node(full).freeDisk(cluster.now());
  cluster.expectConverged();
  EXPECT_EQ(cluster.leader(), leader);
  EXPECT_EQ(cluster.node(full).restores(), 1);
  cluster.restart(full);
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
