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

TEST(Restart, AFollowerThatWasAwayPastSnapshotsCatchesUp) {
  TestCluster cluster(Settings{{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}});
  cluster.startThree();
  TestNode* follower = cluster.leader().id() == "node-3" ? &cluster.node(2) : &cluster.node(3);
  follower->kill9();
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(
        eventually([&] { return cluster.leader().put("s/" + std::to_string(i), "x").status == 200; }));
  follower->start();
  EXPECT_TRUE(eventually([&] { return follower->get("/v1/kv/s/299?consistency=local").body == "x"; }, 20s));
  EXPECT_EQ(follower->get("/v1/kv/s/0?consistency=local").body, "x");
  // The leader may also have kept its log from the snapshot it was sending on; either way the follower is
  // whole.
  EXPECT_THAT(cluster.leader().log(), testing::HasSubstr("snapshot_written"));
}

TEST(Restart, ASingleNodeKeepsItsValuesOverKillNine) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.put("k", "v").status == 200; }));
  for (int round = 0; round < 3; ++round) {
    node.kill9();
    node.start();
    ASSERT_TRUE(eventually([&] { return node.value("k") == "v"; }));
  }
}

TEST(Restart, AllNodesKilledAtOnceComeBackWithEverything) {
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
