// A cluster comes into being: one node, more nodes, at any time and in any order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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
