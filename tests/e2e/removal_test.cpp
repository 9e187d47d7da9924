// A node that is asked to remove itself: the answer must still get out, though the others talk to it no more.
#include <gtest/gtest.h>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

void removeThroughItself(TestCluster& cluster, TestNode& node) {
  const HttpAnswer answer = node.send({.method = "DELETE", .target = "/v1/nodes/" + node.id()});
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(node.process().waitExit(15s), 0) << node.log();
  EXPECT_NE(node.log().find("removed_from_cluster"), std::string::npos);
  EXPECT_EQ(cluster.leader().status(node.id()), "");
  EXPECT_TRUE(eventually([&] { return cluster.leader().put("after", "removal").status == 200; }));
}

TEST(Removal, AFollowerThatIsAskedToRemoveItselfAnswersAndEnds) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& follower = cluster.leader().id() == "node-3" ? cluster.node(2) : cluster.node(3);
  removeThroughItself(cluster, follower);
}

TEST(Removal, ALeaderThatIsAskedToRemoveItselfHandsOverAnswersAndEnds) {
  TestCluster cluster;
  cluster.startThree();
  removeThroughItself(cluster, cluster.leader());
}

}  // namespace
}  // namespace clusterkit::test
