// A node dies: who notices, who takes over, what goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

bool noPrimaryOn(TestNode& asked, const std::string& dead) {
  const auto owners = asked.owners();
  if (owners.empty()) return false;
  for (const auto& [partition, all] : owners)
    if (all.empty() || all.front() == dead) return false;
  return true;
}

TEST(Failure, OneOfThreeDiesAndTwoGoOn) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode* follower = nullptr;
  for (TestNode* node : cluster.running())
    if (node->id() != leader.id()) follower = node;
  follower->kill9();

  EXPECT_TRUE(eventually([&] { return leader.status(follower->id()) == "down"; }));
  EXPECT_TRUE(eventually([&] { return noPrimaryOn(leader, follower->id()); }));
  EXPECT_EQ(leader.put("after", "death").status, 200);
  for (TestNode* node : cluster.running()) {
    EXPECT_TRUE(eventually([&] { return node->ready(); })) << node->id();
    EXPECT_EQ(node->value("after"), "death") << node->id();
    // Nobody else is thrown out, long after the first would have been.
    EXPECT_EQ(node->status(leader.id()), "active");
  }
  EXPECT_EQ(cluster.running().size(), 2u);
}

TEST(Failure, TheLeaderDiesAndWritesGoOn) {
  TestCluster cluster;
  cluster.startThree();
  ASSERT_EQ(cluster.node(1).put("before", "1").status, 200);
  const std::string old = cluster.leader().id();
  cluster.byId(old).kill9();
  TestNode& survivor = *cluster.running().front();
  EXPECT_TRUE(eventually([&] { return survivor.put("after", "2").status == 200; }));
  EXPECT_EQ(survivor.value("before"), "1");
  EXPECT_NE(survivor.leader(), old);
  EXPECT_TRUE(eventually([&] { return noPrimaryOn(survivor, old); }));
}

TEST(Failure, TimeoutsOfFiftyMillisecondsElectAndServe) {
  TestCluster cluster(Settings{{"consensus.heartbeat", "10ms"}, {"consensus.election_timeout", "50ms"}});
  cluster.startThree();
  const std::string old = cluster.leader().id();
  cluster.byId(old).kill9();
  TestNode& survivor = *cluster.running().front();
  EXPECT_TRUE(eventually([&] { return survivor.put("after", "2").status == 200; }));
  EXPECT_NE(survivor.leader(), old);
}

// Its timer is long over when it goes on, but nobody votes for it while a leader is heard.
TEST(Failure, AFollowerThatStoodStillComesBackWithoutAnElection) {
  TestCluster cluster(
      Settings{{"consensus.election_timeout", "1s"}});  // so long that a busy machine starts none
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode& follower = leader.id() == "node-3" ? cluster.node(2) : cluster.node(3);
  const auto term = [&] { return leader.json("/v1/status")->getValue<std::uint64_t>("term"); };
  const auto before = term();
  follower.process().signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return leader.status(follower.id()) == "down"; }));
  ASSERT_EQ(leader.put("meanwhile", "1").status, 200);
  follower.process().signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return leader.status(follower.id()) == "active"; }));
  EXPECT_TRUE(eventually([&] { return follower.value("meanwhile") == "1"; }));
  EXPECT_EQ(leader.leader(), leader.id());
  EXPECT_EQ(term(), before);
}

TEST(Failure, ANodeThatComesBackInTimeFindsItsCopiesWhereTheyWere) {
  TestCluster cluster;
  cluster.startThree();
  TestNode* follower = cluster.leader().id() == "node-3" ? &cluster.node(2) : &cluster.node(3);
  const auto before = cluster.leader().owners();
  follower->kill9();
  ASSERT_TRUE(eventually([&] { return cluster.leader().status(follower->id()) == "down"; }));
  follower->start();
  ASSERT_TRUE(eventually([&] { return cluster.leader().status(follower->id()) == "active"; }));
  for (const auto& [partition, owners] : cluster.leader().owners())
    EXPECT_THAT(owners, testing::UnorderedElementsAreArray(before.at(partition))) << partition;
}

TEST(Failure, S109_WithoutQuorumWritesAreRefusedAndLookupsGoOn) {
  TestCluster cluster;
  cluster.startThree();
  ASSERT_EQ(cluster.node(1).put("k", "v").status, 200);
  cluster.node(2).kill9();
  cluster.node(3).kill9();
  TestNode& last = cluster.node(1);
  HttpAnswer answer;
  ASSERT_TRUE(eventually([&] {
    answer = last.put("k", "w");
    return answer.status == 503;
  }));
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("code":"no_leader")"));
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("outcome":"not_applied")"));
  EXPECT_TRUE(answer.headers.contains("retry-after"));
  const HttpAnswer read = last.get("/v1/kv/k");
  EXPECT_EQ(read.status, 503);
  EXPECT_THAT(read.body, testing::HasSubstr(R"("code":"no_leader")"));
  EXPECT_EQ(last.get("/v1/lookup?key=user:123").status, 200);
  EXPECT_EQ(last.get("/v1/kv/k?consistency=local").body, "v");
  EXPECT_EQ(last.get("/health").status, 200);

  cluster.node(2).start();
  EXPECT_TRUE(eventually([&] { return last.put("k", "w").status == 200; }));
  EXPECT_EQ(cluster.node(2).value("k"), "w");
}

}  // namespace
}  // namespace clusterkit::test
