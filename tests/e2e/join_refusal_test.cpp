// Joins that must not happen: each is refused with the reason, and the cluster keeps its quorum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/test_cluster.hpp"
#include "support/dripping_server.hpp"

namespace clusterkit::test {
namespace {

using testing::HasSubstr;

// The candidate goes on trying; its log says why it is refused.
void expectRefused(TestCluster& cluster, TestNode& candidate, const std::string& reason) {
  EXPECT_TRUE(eventually([&] { return candidate.log().find(reason) != std::string::npos; }, 15s))
      << "expected in the candidate's log: " << reason << "\n"
      << candidate.log();
  EXPECT_EQ(cluster.node(1).status(candidate.id()), "");
  EXPECT_EQ(candidate.get("/ready").status, 503);
  EXPECT_EQ(cluster.node(2).put("quorum", "kept").status, 200);
}

TEST(Join, ASeedThatDripsItsAnswerDoesNotKeepANodeFromStopping) {
  DrippingServer seed;
  TestCluster cluster;
  TestNode& node = cluster.addStarted({{"cluster.seeds", "127.0.0.1:" + std::to_string(seed.port())}});
  ASSERT_TRUE(eventually([&] { return seed.dripped() > 3; }, 20s)) << "it never asked";
  EXPECT_EQ(node.stop(), 0) << "within 5 s of SIGTERM";
}

TEST(JoinRefusal, AnotherPartitionCount) {
  TestCluster cluster;
  cluster.startThree();
  expectRefused(cluster, cluster.addStarted({{"cluster.partition_count", "32"}}),
                "cluster.partition_count: the node says 32, the cluster has 64");
}

TEST(JoinRefusal, AnotherReplicationFactor) {
  TestCluster cluster;
  cluster.startThree();
  expectRefused(cluster, cluster.addStarted({{"cluster.replication_factor", "2"}}),
                "cluster.replication_factor");
}

TEST(JoinRefusal, ATransportAddressThatNobodyCanReach) {
  TestCluster cluster;
  cluster.startThree();
  const std::string nowhere = "127.0.0.1:" + std::to_string(freePort());
  expectRefused(cluster, cluster.addStarted({{"transport.advertise", nowhere}}),
                "transport address " + nowhere + " cannot be reached");
}

TEST(JoinRefusal, ANodeThatEncryptsInAClusterThatDoesNot) {
  TestCluster cluster;
  cluster.startThree();
  // The key pair of the ZeroMQ reference (zmq_curve).
  expectRefused(cluster,
                cluster.addStarted({{"transport.secret_key", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"}}),
                "the peer has a public key, but this node has no secret_key");
}

TEST(JoinRefusal, S052_ANodeIdThatIsInUse) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& twin = cluster.add({{"node.id", "node-2"}});
  twin.start();
  EXPECT_TRUE(
      eventually([&] { return twin.log().find("node id 'node-2' is in use") != std::string::npos; }, 15s));
  EXPECT_EQ(twin.get("/ready").status, 503);
  EXPECT_EQ(cluster.node(1).status("node-2"), "active");
  EXPECT_EQ(cluster.node(2).put("quorum", "kept").status, 200);
}

TEST(JoinRefusal, S085_ANodeOfAnotherClusterStaysInItsOwn) {
  TestCluster cluster;
  cluster.startThree();
  TestCluster other;
  TestNode& founder = other.addStarted();
  ASSERT_TRUE(eventually([&] { return founder.ready(); }));
  ASSERT_EQ(founder.put("whose", "other").status, 200);
  ASSERT_EQ(founder.stop(), 0);
  // Its data folder belongs to the other cluster: new seeds do not make it forget.
  founder.set("cluster.seeds", cluster.node(1).address());
  founder.start();
  ASSERT_TRUE(eventually([&] { return founder.ready(); }));
  EXPECT_EQ(founder.value("whose"), "other");
  EXPECT_NE(founder.json("/cluster")->getObject("cluster")->getValue<std::string>("id"),
            cluster.node(1).json("/cluster")->getObject("cluster")->getValue<std::string>("id"));
  EXPECT_TRUE(cluster.allActive(3));
}

TEST(JoinRefusal, AnotherClustersIdInTheRequest) {
  TestCluster cluster;
  cluster.startThree();
  const HttpAnswer answer = cluster.node(1).send(
      {.method = "POST",
       .target = "/join",
       .body =
           R"({"node":{"id":"node-9","ip":"127.0.0.1:1","name":"x","member":"00000000000000ff"},"transport_address":"127.0.0.1:2","cluster_id":"00000000000000aa"})",
       .headers = {{"Content-Type", "application/json"}}});
  EXPECT_EQ(answer.status, 409) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("cluster id"));
  EXPECT_EQ(cluster.node(1).status("node-9"), "");
}

// Of a node that has joined.
std::string memberIdOf(const TestNode& node) {
  const auto self = node.json("/v1/status")->getObject("node");
  return self.isNull() ? "" : self->optValue<std::string>("member", "");
}

TEST(JoinRefusal, S052_ANodeThatLostItsDataComesBackAsANewMemberUnderItsOldId) {
  TestCluster cluster;
  cluster.startThree();
  for (int i = 0; i < 20; ++i) ASSERT_EQ(cluster.node(1).put("k" + std::to_string(i), "v").status, 200);
  TestNode* follower = cluster.leader().id() == "node-3" ? &cluster.node(2) : &cluster.node(3);
  const std::string memberBefore = memberIdOf(*follower);
  ASSERT_NE(memberBefore, "");
  follower->kill9();
  follower->loseData();
  follower->start();
  ASSERT_TRUE(
      eventually([&] { return follower->ready() && cluster.allActive(3) && cluster.balanced(3); }, 30s));
  EXPECT_EQ(follower->get("/v1/kv/k19?consistency=local").body, "v");
  EXPECT_NE(memberIdOf(*follower), "");
  EXPECT_NE(memberIdOf(*follower), memberBefore) << "it votes as the member whose votes it has forgotten";
  // Still a cluster of three voters that survives the loss of one.
  ASSERT_TRUE(eventually(
      [&] { return cluster.leader().json("/consensus/stats")->optValue<int>("num_peers", 0) == 2; }));
  TestNode* other = cluster.leader().id() == "node-1" ? &cluster.node(2) : &cluster.node(1);
  if (other == follower) other = cluster.leader().id() == "node-3" ? &cluster.node(1) : &cluster.node(3);
  other->kill9();
  EXPECT_TRUE(eventually([&] { return follower->put("after", "loss").status == 200; }));
}

TEST(JoinRefusal, ARemovedNodeStaysOutAndTheRestGoesOn) {
  TestCluster cluster;
  cluster.startThree();
  TestNode* follower = cluster.leader().id() == "node-3" ? &cluster.node(2) : &cluster.node(3);
  ASSERT_TRUE(eventually([&] {
    return cluster.node(1).send({.method = "DELETE", .target = "/v1/nodes/" + follower->id()}).status == 200;
  }));
  EXPECT_TRUE(eventually([&] { return cluster.leader().status(follower->id()).empty(); }));
  EXPECT_TRUE(eventually([&] { return cluster.leader().put("after", "removal").status == 200; }));
  // It is told so, whether it runs on or comes back later, and ends.
  EXPECT_EQ(follower->process().waitExit(15s), 0) << follower->log();
  EXPECT_NE(follower->log().find("removed_from_cluster"), std::string::npos);
  follower->start();
  EXPECT_EQ(follower->process().waitExit(15s), 0) << follower->log();
  EXPECT_EQ(cluster.leader().status(follower->id()), "");
}

}  // namespace
}  // namespace clusterkit::test
