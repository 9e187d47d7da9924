// kill -9 and restart, again and again, while clients write: nothing acknowledged is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

// Writes rising keys through all nodes in turn and remembers what was acknowledged.
class Writer {
 public:
  explicit Writer(TestCluster& cluster) {
    for (std::size_t i = 1; i <= cluster.size(); ++i) ports_.push_back(cluster.node(i).port());
    thread_ = std::thread([this] { run(); });
  }
  ~Writer() { finish(); }

  std::size_t acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  std::vector<int> finish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }

 private:
  void run() {
    for (int i = 0; !stop_ && i < 200000; ++i) {
      const HttpAnswer answer = http(
          ports_[static_cast<std::size_t>(i) % ports_.size()],
          {.method = "PUT", .target = "/v1/kv/w/" + std::to_string(i), .body = "v" + std::to_string(i)}, 3s);
      if (answer.status != 200) continue;
      const std::lock_guard lock(mutex_);
      acknowledged_.push_back(i);
    }
  }

  std::vector<std::uint16_t> ports_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<int> acknowledged_;
  std::thread thread_;
};

void expectAllThere(TestCluster& cluster, const std::vector<int>& acknowledged) {
  TestNode& asked = *cluster.running().front();
  std::size_t lost = 0;
  for (const int i : acknowledged)
    if (asked.value("w/" + std::to_string(i)) != "v" + std::to_string(i)) {
      ++lost;
      ADD_FAILURE() << "acknowledged write " << i << " is lost";
      if (lost > 5) break;
    }
}

TEST(Restart, TwentyRoundsOfKillNineLoseNoAcknowledgedWrite) {
  TestCluster cluster;
  cluster.startThree();
  const auto before = cluster.node(1).owners();
  Writer writer(cluster);
  for (std::size_t round = 0; round < 20; ++round) {
    TestNode& victim = cluster.node(round % 3 + 1);
    const std::size_t goal = writer.acknowledged() + 5;
    ASSERT_TRUE(eventually([&] { return writer.acknowledged() >= goal; }, 20s)) << "round " << round;
    victim.kill9();
    victim.start();
    ASSERT_TRUE(eventually([&] { return victim.ready(); }, 20s)) << "round " << round << " " << victim.id();
  }
  const std::vector<int> acknowledged = writer.finish();
  EXPECT_GT(acknowledged.size(), 100u);
  expectAllThere(cluster, acknowledged);
  // Every restart was within the grace time: the same nodes hold the same copies.
  for (const auto& [partition, owners] : cluster.node(1).owners())
    EXPECT_THAT(owners, testing::UnorderedElementsAreArray(before.at(partition))) << partition;
}

std::uint64_t indexOf(TestNode& node, const std::string& name) {
  return node.json("/v1/status")->optValue<std::uint64_t>(name, 0);
}

// Of the snapshot that a node took over last; 0 = none in its log.
std::uint64_t lastRestored(const TestNode& node) {
  const std::string log = node.log(), sign = "snapshot_restored index=";
  const auto at = log.rfind(sign);
  return at == std::string::npos ? 0 : std::stoull(log.substr(at + sign.size()));
}

// The others are restarted while it is away: else their transports may still hold what it missed, and a
// leader keeps its log from the snapshot on that it is sending.
TEST(Restart, AFollowerThatWasAwayPastSnapshotsCatchesUpByOne) {
  TestCluster cluster(Settings{{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}});
  cluster.startThree();
  TestNode& follower = cluster.leader().id() == "node-3" ? cluster.node(2) : cluster.node(3);
  const std::uint64_t seen = indexOf(follower, "last_index"), trailing = 5;
  ASSERT_GT(seen, 0U);
  follower.kill9();
  const auto others = cluster.running();
  int written = 0;
  const auto writeUntilTheLogBeginsLater = [&] {
    return eventually(
        [&] {
          if (cluster.leader().put("s/" + std::to_string(written), "x").status == 200) ++written;
          return indexOf(*others[0], "first_index") > seen + trailing &&
                 indexOf(*others[1], "first_index") > seen + trailing;
        },
        30s);
  };
  ASSERT_TRUE(writeUntilTheLogBeginsLater());
  for (TestNode* node : others) node->kill9();
  for (TestNode* node : others) node->start();
  ASSERT_TRUE(writeUntilTheLogBeginsLater());
  follower.start();
  const std::string last = "/v1/kv/s/" + std::to_string(written - 1) + "?consistency=local";
  EXPECT_TRUE(eventually([&] { return follower.get(last).body == "x"; }, 20s));
  EXPECT_EQ(follower.get("/v1/kv/s/0?consistency=local").body, "x");
  EXPECT_GT(lastRestored(follower), seen) << "it was not by a snapshot of the leader's";
}

// What it would hear comes from a member that its configuration does not know, so its transport drops it.
TEST(Restart, ANodeThatWasAwayWhenItsLeaderJoinedFindsThatLeader) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& away = cluster.leader().id() == "node-3" ? cluster.node(2) : cluster.node(3);
  away.kill9();
  TestNode& fresh = cluster.addStarted();
  const std::string handOver = "/v1/consensus/transfer?to=" + fresh.id();
  ASSERT_TRUE(eventually(
      [&] { return cluster.leader().send({.method = "POST", .target = handOver}).status == 200; }, 30s));
  ASSERT_TRUE(eventually([&] { return cluster.leader().id() == fresh.id(); }, 20s));
  for (TestNode* other : cluster.running()) {  // their transports may still hold what it missed
    if (other == &fresh) continue;
    other->kill9();
    other->start();
    ASSERT_TRUE(eventually([&] { return other->leader() == fresh.id() && other->ready(); }, 20s));
  }
  away.start();
  EXPECT_TRUE(eventually([&] { return away.leader() == fresh.id() && away.ready(); }, 30s)) << away.log();
}

TEST(Restart, S104_ARepeatedRequestIsKnownAfterSnapshotsAndARestartOfAll) {
  TestCluster cluster(Settings{{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}});
  cluster.startThree();
  const HttpRequest request{
      .method = "PUT", .target = "/v1/kv/once", .body = "first", .headers = {{"Idempotency-Key", "req-1"}}};
  const HttpAnswer first = cluster.node(2).send(request);
  ASSERT_EQ(first.status, 200) << first.body;
  const std::uint64_t written = indexOf(cluster.node(2), "last_index");
  int others = 0;
  const auto cutEverywhere = [&] {
    if (cluster.node(1).put("once", "later").status == 200) ++others;
    return indexOf(cluster.node(1), "first_index") > written &&
           indexOf(cluster.node(2), "first_index") > written &&
           indexOf(cluster.node(3), "first_index") > written;
  };
  ASSERT_TRUE(eventually(cutEverywhere, 30s)) << "the log still holds the request";
  for (std::size_t i = 1; i <= 3; ++i) cluster.node(i).kill9();
  for (std::size_t i = 1; i <= 3; ++i) cluster.node(i).start();
  ASSERT_TRUE(eventually([&] { return cluster.node(3).value("once") == "later"; }, 20s));
  for (std::size_t i = 1; i <= 3; ++i) {
    const HttpAnswer again = cluster.node(i).send(request);
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_EQ(again.body, first.body);
  }
  EXPECT_EQ(cluster.node(1).value("once"), "later") << "it was applied again";
}

TEST(Restart, S053_ASingleNodeKeepsItsValuesOverKillNine) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.put("k", "v").status == 200; }));
  for (int round = 0; round < 3; ++round) {
    node.kill9();
    node.start();
    const auto isBack = [&] {
      const HttpAnswer answer = node.get("/v1/kv/k");
      EXPECT_NE(answer.status, 404) << "it serves before it has applied what it had committed";
      return answer.status == 200 && answer.body == "v";
    };
    ASSERT_TRUE(eventually(isBack));
  }
}

TEST(Restart, S049_AllNodesKilledAtOnceComeBackWithEverything) {
  TestCluster cluster;
  cluster.startThree();
  std::vector<int> acknowledged;
  {
    Writer writer(cluster);
    ASSERT_TRUE(eventually([&] { return writer.acknowledged() >= 50; }));
    for (std::size_t i = 1; i <= 3; ++i) cluster.node(i).kill9();
    acknowledged = writer.finish();
  }
  for (std::size_t i = 1; i <= 3; ++i) cluster.node(i).start();
  ASSERT_TRUE(eventually([&] { return cluster.node(1).ready(); }, 20s));
  expectAllThere(cluster, acknowledged);
}

}  // namespace
}  // namespace clusterkit::test
