// A cluster comes into being: one node, more nodes, at any time and in any order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

TEST(Formation, OneNodeOwnsAllPartitionsAtOnce) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  const auto owners = node.owners();
  EXPECT_EQ(owners.size(), 64u);
  for (const auto& [partition, all] : owners) EXPECT_THAT(all, testing::ElementsAre("node-1")) << partition;
  EXPECT_EQ(node.leader(), "node-1");
}

TEST(Formation, ThreeNodesStartedTogetherShareThePartitions) {
  TestCluster cluster;
  cluster.startThree();
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(eventually([&] { return cluster.node(i).ready(); }));
    EXPECT_EQ(cluster.node(i).leader(), cluster.node(1).leader());
  }
}

TEST(Formation, ANodeWaitsForItsSeedForAsLongAsItTakes) {
  TestCluster cluster;
  TestNode& founder = cluster.add();
  TestNode& early = cluster.addStarted();  // its seed does not run yet
  ASSERT_TRUE(eventually([&] { return early.get("/health").status == 200; }));
  EXPECT_EQ(early.get("/ready").status, 503);
  ASSERT_TRUE(eventually([&] { return early.log().find("join_failed") != std::string::npos; }));
  founder.start();
  EXPECT_TRUE(eventually([&] { return founder.running() && early.ready() && cluster.balanced(2); }));
}

TEST(Formation, ALateNodeGetsItsShareAndOnlyItGainsCopies) {
  TestCluster cluster;
  cluster.startThree();
  const auto before = cluster.node(1).owners();
  cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return cluster.allActive(4) && cluster.balanced(4); }));
  for (const auto& [partition, owners] : cluster.node(1).owners())
    for (const std::string& owner : owners)
      EXPECT_TRUE(owner == "node-4" ||
                  std::count(before.at(partition).begin(), before.at(partition).end(), owner) == 1)
          << partition << " moved between old nodes, to " << owner;
}

TEST(Formation, AnyMemberTakesAJoinAndPassesItToTheLeader) {
  TestCluster cluster;
  cluster.startThree();
  TestNode* follower = &cluster.node(2);
  if (cluster.leader().id() == follower->id()) follower = &cluster.node(3);
  TestNode& late = cluster.add({{"cluster.seeds", follower->address()}});
  late.start();
  EXPECT_TRUE(eventually([&] { return cluster.allActive(4) && late.ready(); }));
}

TEST(Formation, SigtermStopsCleanlyWithinFiveSeconds) {
  TestCluster cluster;
  cluster.startThree();
  for (std::size_t i = 3; i >= 1; --i) EXPECT_EQ(cluster.node(i).stop(), 0) << cluster.node(i).id();
}

// Of the cluster that a node is part of; nothing when it says that it is in none.
std::optional<std::string> clusterIdOf(const TestNode& node) {
  const auto cluster = node.json("/cluster")->getObject("cluster");
  return cluster.isNull() ? std::nullopt : std::optional(cluster->getValue<std::string>("id"));
}

// Only a node without seeds may found, so it does not matter who is there first, or who has heard of whom.
TEST(Formation, S084_ThreeStartedAtOnceWithDifferingSeedListsAreOneCluster) {
  TestCluster cluster;
  for (int i = 0; i < 3; ++i) cluster.add();
  const auto seeds = [&](std::size_t node, const std::string& list) {
    cluster.node(node).set("cluster.seeds", list);
  };
  seeds(1, "");
  seeds(2, cluster.node(3).address() + ", " + cluster.node(1).address());
  seeds(3, cluster.node(2).address());
  std::set<std::string> seen;
  for (const std::size_t first : {3u, 2u, 1u}) cluster.node(first).start();
  ASSERT_TRUE(eventually(
      [&] {
        for (std::size_t i = 1; i <= 3; ++i)
          if (const auto id = clusterIdOf(cluster.node(i))) seen.insert(*id);
        return cluster.node(1).ready() && cluster.node(2).ready() && cluster.node(3).ready() &&
               cluster.allActive(3);
      },
      20s));
  ASSERT_EQ(seen.size(), 1u) << "nor was there another one on the way";
  for (std::size_t i = 1; i <= 3; ++i) EXPECT_EQ(clusterIdOf(cluster.node(i)), *seen.begin());
}

// Nobody may found: they wait, say so, and an operator who lets one found makes one cluster of them.
TEST(Formation, S084_ThreeThatOnlyNameEachOtherFoundNothingUntilOneIsToldTo) {
  TestCluster cluster;
  for (int i = 0; i < 3; ++i) cluster.add();
  for (std::size_t i = 1; i <= 3; ++i)
    cluster.node(i).set("cluster.seeds", cluster.node(i % 3 + 1).address());
  for (std::size_t i = 1; i <= 3; ++i) cluster.node(i).start();
  for (std::size_t i = 1; i <= 3; ++i) {
    TestNode& node = cluster.node(i);
    // Its seed answers: what it says is logged once there is somebody to say it.
    EXPECT_TRUE(
        eventually([&] { return node.log().find("not yet part of a cluster") != std::string::npos; }, 20s))
        << node.log();
    EXPECT_EQ(node.get("/health").status, 200);
    EXPECT_EQ(node.get("/ready").status, 503);
    const HttpAnswer asked = node.get("/cluster");
    EXPECT_EQ(asked.status, 503);
    EXPECT_THAT(asked.body, testing::HasSubstr(R"("code":"not_ready")"));
    EXPECT_NE(node.put("k", "v").status, 200);
  }
  cluster.node(2).stop();
  cluster.node(2).unset("cluster.seeds");
  cluster.node(2).start();
  EXPECT_TRUE(eventually([&] { return cluster.node(2).ready() && cluster.allActive(3); }, 20s));
  const auto id = clusterIdOf(cluster.node(2));
  EXPECT_TRUE(id);
  for (const std::size_t i : {1u, 3u})
    EXPECT_TRUE(eventually([&] { return clusterIdOf(cluster.node(i)) == id; })) << i;
}

TEST(Formation, ANodeToldToStopWhileItStartsStopsQuietly) {
  TestCluster cluster;
  for (int round = 0; round < 8; ++round) {
    TestNode& node = cluster.add({{"cluster.seeds", ""}});
    node.start();
    ASSERT_TRUE(eventually([&] { return node.log().find("transport_listening") != std::string::npos; }));
    EXPECT_EQ(node.stop(), 0) << node.log();
  }
}

}  // namespace
}  // namespace clusterkit::test
