// Whole clusters that lose power, and the worst network: scenarios 49, 50 and 113. The safety rules of
// safety_checker.hpp hold after every step of each.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"

namespace clusterkit::raft::test {
namespace {

Duration upTo(Prng& prng, Duration limit) {
  return Duration(static_cast<Duration::rep>(prng.below(static_cast<std::uint64_t>(limit.count()))));
}

TEST(PowerLoss, S049_EveryAcknowledgedWriteSurvivesTwoHundredOfAllNodesAtOnce) {
  Options options = testOptions();
  options.snapshotEntries = 40;
  SimCluster cluster(49, {A, B, C}, options);
  std::size_t acknowledged = 0;
  for (int round = 0; round < 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    for (MemberId id : cluster.members()) cluster.node(id).disk().delay = 1ms + upTo(cluster.prng(), 10ms);
    const MemberId leader = cluster.awaitLeader();
    std::vector<Handle> writes;
    for (int i = 0; i < 10; ++i) {
      writes.push_back(cluster.propose(leader, "w" + std::to_string(round) + "." + std::to_string(i)));
      cluster.runFor(upTo(cluster.prng(), 5ms));
    }
    cluster.runFor(upTo(cluster.prng(), 20ms));
    for (Handle w : writes) acknowledged += cluster.isOk(w) ? 1 : 0;
    for (MemberId id : cluster.members()) cluster.crash(id);
    for (MemberId id : cluster.members()) cluster.restart(id);
    cluster.expectConverged();
    if (HasFailure()) return;
  }
  EXPECT_GT(acknowledged, 500u);
  EXPECT_LT(acknowledged, 2000u) << "no power loss hit a write under way";
}

// A hundred entries that count, cut anywhere: the state and the index that it stands for are one, so each
// entry counts once.
TEST(PowerLoss, S050_ABatchCutInItsMiddleIsReplayedExactlyFromWhereItsStateStands) {
  int inTheMiddle = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Options options = testOptions();
    options.snapshotEntries = 10 + seed % 30;
    options.maxApplyBytes = 60;  // several hand-outs
    SimCluster cluster(seed, {A, B, C}, options);
    const MemberId leader = cluster.awaitLeader();
    std::vector<Handle> writes;
    for (int i = 0; i < 100; ++i) writes.push_back(cluster.propose(leader, "add counter 1"));
    cluster.runFor(upTo(cluster.prng(), 12ms));
    for (MemberId id : cluster.members()) cluster.crash(id);
    for (MemberId id : cluster.members()) {
      const DiskImage& disk = cluster.node(id).disk().durable();
      if (disk.snapshot.index && disk.snapshot.index < disk.lastIndex()) ++inTheMiddle;
      cluster.restart(id);
    }
    cluster.expectConverged();
    std::size_t acknowledged = 0;
    for (Handle w : writes) acknowledged += cluster.isOk(w) ? 1 : 0;
    for (MemberId id : cluster.members()) {
      const SimNode& node = cluster.node(id);
      const auto counter = node.values().find("counter");
      const std::size_t counted = counter == node.values().end() ? 0 : std::stoull(counter->second);
      EXPECT_EQ(counted, node.commands().size()) << "member " << id.value;
      EXPECT_GE(counted, acknowledged) << "member " << id.value;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(inTheMiddle, 20) << "hardly any power loss found a state in the middle of the batch";
}

// Ten minutes of it, with a write every 100 ms at whoever leads.
TEST(BadNetwork, S113_LossDuplicatesReorderingAndJitterSlowDownButNeverStopOrSplit) {
  SimCluster cluster(113, {A, B, C});
  cluster.network().loss = 0.3;
  cluster.network().duplication = 0.5;
  cluster.network().maxDelay = 100ms;
  const MonotonicTime end = cluster.now() + 10min;
  MonotonicTime lastProgress = cluster.now();
  Duration longestPause{};
  std::size_t acknowledged = 0;
  while (cluster.now() < end) {
    const MonotonicTime next = cluster.now() + 100ms;
    if (cluster.leader()) {
      const Handle write = cluster.propose(cluster.leader(), "w" + std::to_string(acknowledged));
      cluster.runUntil([&] { return cluster.hasEnded(write); }, 5s);
      if (cluster.isOk(write)) {
        ++acknowledged;
        longestPause = std::max(longestPause, cluster.now() - lastProgress);
        lastProgress = cluster.now();
      }
    }
    if (cluster.now() < next) cluster.runFor(next - cluster.now());
  }
  EXPECT_GT(acknowledged, 500u) << "in ten minutes";
  EXPECT_LT(longestPause, 20s) << "there was always progress again";
  cluster.network().loss = cluster.network().duplication = 0;
  cluster.network().maxDelay = 3ms;
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
