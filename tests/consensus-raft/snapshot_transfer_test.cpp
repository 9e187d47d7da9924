// Snapshots on their way to a follower that is too far behind: scenarios 59, 61, 64, 67 and 68, in clusters
// whose stores refuse what is not whole, as the store's contract says.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"

namespace clusterkit::raft::test {
namespace {

Options smallSnapshots() {
  Options options = testOptions();
  options.snapshotEntries = 10;
  options.snapshotChunkBytes = 40;
  return options;
}

// Isolates a follower until the leader no longer has the entries that it needs.
MemberId leaveBehind(SimCluster& cluster) {
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId behind = cluster.followers().front();
  const LogIndex last = cluster.node(behind).status().lastIndex;
  cluster.isolate(behind);
  cluster.runUntil([&] {
    cluster.commitSomething();
    return cluster.node(leader).status().firstIndex > next(last);
  });
  EXPECT_GT(cluster.node(leader).status().firstIndex, next(last));
  return behind;
}

TEST(SnapshotTransfer, S059_KeyThatTheSnapshotDoesNotHaveIsGoneAfterTheInstall) {
  SimCluster cluster(59, {A, B, C}, smallSnapshots());
  const MemberId leader = cluster.awaitLeader();
  cluster.await(cluster.propose(leader, "set x 1"));
  cluster.expectConverged();
  const MemberId behind = cluster.followers().front();
  ASSERT_EQ(cluster.node(behind).values().at("x"), "1");
  cluster.isolate(behind);
  cluster.await(cluster.propose(leader, "delete x"));
  cluster.await(cluster.propose(leader, "set y 2"));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.heal();
  cluster.expectConverged();
  EXPECT_GE(cluster.node(behind).restores(), 1) << "it came back by the log, not by a snapshot";
  EXPECT_EQ(cluster.node(behind).values(), (std::map<std::string, std::string>{{"y", "2"}}));
}

TEST(SnapshotTransfer, S061_FullDiskAtAnyStepKeepsTheOldStateAndIsTriedAgain) {
  bool failed = true;
  int step = 0;
  for (; failed; ++step) {
    failed = false;
    SimCluster cluster(61, {A, B, C}, smallSnapshots());
    const MemberId behind = leaveBehind(cluster);
    SimNode& node = cluster.node(behind);
    const LogIndex before = node.appliedIndex();
    node.snapshotStepToRefuse = step;
    cluster.network().filter = [&](const Message& m) {
      const auto* reply = std::get_if<SnapshotReply>(&m.body);
      if (reply == nullptr || reply->progress != SnapshotProgress::Failed) return true;
      failed = true;
      EXPECT_EQ(node.disk().durable().snapshot.index, at(0)) << "the old state was touched";
      EXPECT_EQ(node.disk().durable().lastIndex(), before);
      EXPECT_EQ(node.appliedIndex(), before);
      return true;
    };
    cluster.heal();
    cluster.expectConverged();
    EXPECT_EQ(node.restores(), 1) << "no restore of half a snapshot";
    if (HasFailure()) FAIL() << "disk full at step " << step;
  }
  EXPECT_GT(step, 4) << "beginning, more than one chunk, and the commit were reached";
}

TEST(SnapshotTransfer, S061_SnapshotThatCannotBeWrittenKeepsTheLogAndTheService) {
  SimCluster cluster(62, {A, B, C}, smallSnapshots());
  const MemberId leader = cluster.awaitLeader();
  for (MemberId id : cluster.members()) cluster.node(id).snapshotsSucceed = false;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  EXPECT_EQ(cluster.leader(), leader);
  for (MemberId id : cluster.members()) EXPECT_EQ(cluster.node(id).status().firstIndex, at(1));
  for (MemberId id : cluster.members()) cluster.node(id).snapshotsSucceed = true;
  EXPECT_TRUE(cluster.runUntil([&] {
    cluster.commitSomething();
    return cluster.node(leader).status().snapshotIndex > at(30);
  })) << "it is tried again when there is room";
}

TEST(SnapshotTransfer, S064_LossOfAnyChunkOrAnswerOnlyCostsTime) {
  for (int lost = 0; lost < 24; ++lost) {
    SimCluster cluster(64, {A, B, C}, smallSnapshots());
    const MemberId behind = leaveBehind(cluster);
    int seen = 0;
    cluster.network().filter = [&](const Message& m) {
      const bool ofTransfer =
          std::holds_alternative<SnapshotChunk>(m.body) || std::holds_alternative<SnapshotReply>(m.body);
      return !ofTransfer || seen++ != lost;
    };
    cluster.heal();
    cluster.expectConverged();
    EXPECT_EQ(cluster.node(behind).restores(), 1);
    if (HasFailure()) FAIL() << "message " << lost << " lost";
  }
}

TEST(SnapshotTransfer, S064_CutReorderedAndDoubledChunksNeverMakeAPartialSnapshot) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimCluster cluster(seed, {A, B, C}, smallSnapshots());
    const MemberId behind = leaveBehind(cluster);
    cluster.network().duplication = 0.5;
    cluster.network().maxDelay = 60ms;
    cluster.heal();
    for (int cut = 0; cut < 5; ++cut) {
      cluster.runFor(40ms + 1ms * cluster.prng().below(200));
      cluster.isolate(behind);
      ASSERT_TRUE(cluster.commitSomething());
      cluster.heal();
    }
    cluster.expectConverged();
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(SnapshotTransfer, S064_ChunksOfAnOlderSnapshotDoNotDisturbTheNewerOne) {
  SimCluster cluster(65, {A, B, C}, smallSnapshots());
  const MemberId behind = leaveBehind(cluster);
  std::vector<Message> old;
  cluster.network().filter = [&](const Message& m) {
    const bool chunk = std::holds_alternative<SnapshotChunk>(m.body);
    if (chunk) old.push_back(m);
    return !chunk;
  };
  cluster.heal();
  cluster.runFor(1s);
  ASSERT_FALSE(old.empty());
  const LogIndex oldIndex = std::get<SnapshotChunk>(old.front().body).meta.index;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.network().filter = [&](const Message& m) {
    const auto* chunk = std::get_if<SnapshotChunk>(&m.body);
    if (chunk != nullptr && chunk->meta.index > oldIndex)
      cluster.network().inject(cluster.now(), old.front());
    return true;
  };
  cluster.expectConverged();
  EXPECT_GT(cluster.node(behind).status().snapshotIndex, oldIndex);
  EXPECT_EQ(cluster.node(behind).restores(), 1);
}

TEST(SnapshotTransfer, S067_CorruptedByteIsFoundAndTheSnapshotSentAgain) {
  SimCluster cluster(67, {A, B, C}, smallSnapshots());
  const MemberId behind = leaveBehind(cluster);
  int corrupted = 0, failed = 0;
  cluster.network().filter = [&](const Message& m) {
    if (const auto* reply = std::get_if<SnapshotReply>(&m.body)) {
      failed += reply->progress == SnapshotProgress::Failed ? 1 : 0;
    }
    const auto* chunk = std::get_if<SnapshotChunk>(&m.body);
    if (chunk == nullptr || chunk->offset == 0 || corrupted > 0) return true;
    ++corrupted;
    std::string text(chunk->bytes.view());
    text[0] = static_cast<char>(text[0] ^ 1);
    Message bad = m;
    std::get<SnapshotChunk>(bad.body).bytes = bytes(std::move(text));
    cluster.network().inject(cluster.now() + 2ms, bad);
    return false;
  };
  cluster.heal();
  cluster.expectConverged();
  EXPECT_EQ(corrupted, 1);
  EXPECT_EQ(failed, 1) << "found when the snapshot is whole, before it replaces anything";
  EXPECT_EQ(cluster.node(behind).restores(), 1);
}

// A bit that flips in the leader's file while it runs: every sending of it is refused, and nobody writes.
TEST(SnapshotTransfer, S067_SnapshotThatIsDamagedAtTheLeaderIsReplacedByANewerOne) {
  SimCluster cluster(67, {A, B, C}, smallSnapshots());
  const MemberId behind = leaveBehind(cluster);
  const MemberId leader = cluster.leader();
  const LogIndex damaged = cluster.node(leader).status().snapshotIndex;
  cluster.network().filter = [&](const Message& m) {
    const auto* chunk = std::get_if<SnapshotChunk>(&m.body);
    if (chunk == nullptr || chunk->meta.index != damaged || chunk->bytes.size() == 0) return true;
    Message bad = m;
    std::string text(chunk->bytes.view());
    text[0] = static_cast<char>(text[0] ^ 1);
    std::get<SnapshotChunk>(bad.body).bytes = bytes(std::move(text));
    cluster.network().inject(cluster.now() + 2ms, bad);
    return false;
  };
  cluster.heal();
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(behind).restores(), 1);
  EXPECT_GT(cluster.node(behind).status().snapshotIndex, damaged);
  ASSERT_FALSE(cluster.node(leader).alarms().empty());
  EXPECT_EQ(cluster.node(leader).alarms().back(), Alarm::SnapshotRefused);
}

TEST(SnapshotTransfer, S068_LeaderThatCompactsWhatItIsProbingWithSendsASnapshot) {
  SimCluster cluster(68, {A, B, C}, smallSnapshots());
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId behind = cluster.followers().front();
  cluster.isolate(behind);
  cluster.step(leader, PeerDown{behind});
  ASSERT_EQ(cluster.node(leader).raft().progressOf(behind)->state, ProgressState::Probe);
  const LogIndex probing = cluster.node(leader).raft().progressOf(behind)->nextIndex;
  for (int i = 0; i < 10; ++i) cluster.propose(leader, "w" + std::to_string(i));
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(leader).status().firstIndex > probing; }));
  cluster.heal();
  ASSERT_TRUE(cluster.runUntil(
      [&] { return cluster.node(leader).raft().progressOf(behind)->state == ProgressState::Snapshot; }));
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(behind).restores(), 1);
  EXPECT_EQ(cluster.leader(), leader);
}

}  // namespace
}  // namespace clusterkit::raft::test
