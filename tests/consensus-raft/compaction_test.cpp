// Own snapshots and cutting the log behind them: scenarios 60, 63 and 72.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

Options everyTenEntries() {
  Options options = testOptions();
  options.snapshotEntries = 10;
  return options;
}

// A follower of B in term 3 that has applied everything up to `last`.
SoloNode followerAt(std::uint64_t last) {
  return SoloNode(stateOf(A, abc, std::vector<std::uint64_t>(last - 1, 3), {term(3), {}, at(last)}),
                  SoloNode::Disk::Instant, everyTenEntries());
}

void commitOne(SoloNode& node) {
  const std::uint64_t last = node.status().lastIndex.value;
  node.receive(B, term(3), AppendRequest{at(last), term(3), entries(last + 1, {3}), at(last + 1)});
}

TEST(Compaction, S060_LogIsCutOnlyBelowAStateThatIsOnDisk) {
  SoloNode node = followerAt(10);
  ASSERT_TRUE(node.snapshotAsked().has_value());
  SnapshotMeta meta = *node.snapshotAsked();
  EXPECT_EQ(meta.index, at(10));
  for (int i = 0; i < 20; ++i) commitOne(node);
  EXPECT_EQ(node.status().appliedIndex, at(30));
  EXPECT_EQ(node.status().firstIndex, at(1)) << "applied in memory only: a crash needs the whole log";
  node.step(SnapshotWritten{meta});
  EXPECT_EQ(node.status().firstIndex, at(11)) << "down to what the disk has, not to what is applied";
}

TEST(Compaction, S063_NewestSnapshotByIndexIsKeptAndTheOneBeforeUntilItIsWritten) {
  SoloNode node = followerAt(10);
  const SnapshotMeta first = *node.snapshotAsked();
  node.step(SnapshotWritten{first});
  for (int i = 0; i < 10; ++i) commitOne(node);
  const SnapshotMeta second = *node.snapshotAsked();
  ASSERT_EQ(second.index, at(20));
  EXPECT_EQ(node.status().snapshotIndex, at(10)) << "the second is not on disk yet";
  EXPECT_EQ(node.status().firstIndex, at(11)) << "so the log goes back to the first";
  node.step(SnapshotWritten{second});
  EXPECT_EQ(node.status().snapshotIndex, at(20));
  node.step(SnapshotWritten{first});
  EXPECT_EQ(node.status().snapshotIndex, at(20)) << "an older one never replaces a newer one";
  EXPECT_EQ(node.status().firstIndex, at(21));
}

TEST(Compaction, S063_RestartGoesOnFromTheNewestSnapshot) {
  SimCluster cluster(63, {A, B, C}, everyTenEntries());
  const MemberId leader = cluster.awaitLeader();
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  const LogIndex newest = cluster.node(leader).status().snapshotIndex;
  ASSERT_GE(newest, at(20));
  for (MemberId id : cluster.members()) cluster.crash(id);
  for (MemberId id : cluster.members()) cluster.restart(id);
  EXPECT_EQ(cluster.node(leader).status().snapshotIndex, newest);
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  for (MemberId id : cluster.members()) EXPECT_GT(cluster.node(id).status().snapshotIndex, newest);
}

TEST(Compaction, S072_SnapshotBesideAnUncommittedChangeHoldsTheConfigurationBeforeIt) {
  SoloNode node = followerAt(9);
  const Entry change{at(11), term(3), shared(configurationOf({A, B, C, D}))};
  std::vector<Entry> list = entries(10, {3});
  list.push_back(change);
  node.receive(B, term(3), AppendRequest{at(9), term(3), list, at(10)});
  ASSERT_EQ(node.status().configurationIndex, at(11));
  ASSERT_TRUE(node.snapshotAsked().has_value());
  EXPECT_EQ(node.snapshotAsked()->index, at(10));
  EXPECT_EQ(node.snapshotAsked()->configurationIndex, at(1));
  EXPECT_EQ(*node.snapshotAsked()->configuration, abc);
  node.step(SnapshotWritten{*node.snapshotAsked()});
  ASSERT_EQ(node.status().firstIndex, at(11));
  EXPECT_EQ(node.status().configurationIndex, at(11)) << "still in force";
  node.receive(C, term(4), AppendRequest{at(10), term(3), entries(11, {4}), at(10)});
  EXPECT_EQ(node.raft().configuration(), abc) << "the change was cut off, the one before is in force again";
  EXPECT_EQ(node.status().configurationIndex, at(1));
}

}  // namespace
}  // namespace clusterkit::raft::test
