// Every node tells the same, and what it tells is true.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

// semantics.md, "Partitions": key, partition of 16, partition of 64.
struct Vector {
  const char* key;
  int of16, of64;
};
constexpr Vector kVectors[] = {
    {"user:123", 0, 48}, {"user:1", 0, 16}, {"order:100", 14, 46}, {"product:abc", 2, 18}, {"foo", 11, 27}};

std::string partitionOf(TestNode& node, const std::string& key) {
  const std::string body = node.get("/v1/lookup?key=" + key).body;
  const auto at = body.find("\"partition-");
  return at == std::string::npos ? body : body.substr(at + 1, body.find('"', at + 1) - at - 1);
}

TEST(Consistency, HashVectorsAreEqualOnEveryNode) {
  TestCluster cluster;
  cluster.startThree();
  for (std::size_t i = 1; i <= 3; ++i)
    for (const Vector& v : kVectors)
      EXPECT_EQ(partitionOf(cluster.node(i), v.key), "partition-" + std::to_string(v.of64)) << v.key;
}

TEST(Consistency, HashVectorsHoldForSixteenPartitions) {
  TestCluster cluster(Settings{{"cluster.partition_count", "16"}});
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  for (const Vector& v : kVectors)
    EXPECT_EQ(partitionOf(node, v.key), "partition-" + std::to_string(v.of16)) << v.key;
}

TEST(Consistency, TheEtagChangesWithTheMapAndSparesTheUnchanged) {
  TestCluster cluster;
  cluster.startThree();
  const HttpAnswer before = cluster.node(1).get("/cluster");
  ASSERT_TRUE(before.headers.contains("etag"));
  const std::string etag = before.headers.at("etag");
  EXPECT_EQ(cluster.node(1).send({.target = "/cluster", .headers = {{"If-None-Match", etag}}}).status, 304);
  cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return cluster.allActive(4) && cluster.balanced(4); }));
  const HttpAnswer after = cluster.node(1).send({.target = "/cluster", .headers = {{"If-None-Match", etag}}});
  EXPECT_EQ(after.status, 200);
  EXPECT_NE(after.headers.at("etag"), etag);
}

TEST(Consistency, ConsensusStatsAreTrueAndRising) {
  TestCluster cluster;
  cluster.startThree();
  const auto stat = [&](const char* name) {
    return cluster.node(2).json("/consensus/stats")->optValue<std::int64_t>(name, -1);
  };
  EXPECT_GE(stat("term"), 1);
  EXPECT_EQ(stat("num_peers"), 2);
  const std::int64_t commit = stat("commit_index");
  for (int i = 0; i < 10; ++i) ASSERT_EQ(cluster.node(2).put("n" + std::to_string(i), "v").status, 200);
  EXPECT_TRUE(eventually(
      [&] { return stat("commit_index") >= commit + 10 && stat("applied_index") >= commit + 10; }));
  EXPECT_TRUE(eventually([&] { return stat("last_log_index") >= stat("commit_index"); }));
}

TEST(Consistency, FollowersForwardWritesAndReadTheirOwn) {
  TestCluster cluster;
  cluster.startThree();
  for (std::size_t i = 1; i <= 3; ++i) {
    TestNode& node = cluster.node(i);
    const std::string key = "from-" + node.id();
    EXPECT_EQ(node.put(key, "mine").status, 200);
    EXPECT_EQ(node.get("/v1/kv/" + key + "?consistency=local").body, "mine")
        << "the writer's own node has applied it";
    for (std::size_t j = 1; j <= 3; ++j) EXPECT_EQ(cluster.node(j).value(key), "mine");
  }
}

TEST(Consistency, CompareAndSetLetsOneWin) {
  TestCluster cluster;
  cluster.startThree();
  EXPECT_EQ(cluster.node(1).send({.method = "PUT", .target = "/v1/kv/lock?cas=0", .body = "a"}).status, 200);
  EXPECT_EQ(cluster.node(2).send({.method = "PUT", .target = "/v1/kv/lock?cas=0", .body = "b"}).status, 409);
  EXPECT_EQ(cluster.node(3).value("lock"), "a");
}

TEST(Consistency, ARepeatedRequestWithTheSameKeyIsAppliedOnce) {
  TestCluster cluster;
  cluster.startThree();
  const HttpRequest request{
      .method = "PUT", .target = "/v1/kv/once", .body = "1", .headers = {{"Idempotency-Key", "abc"}}};
  const HttpAnswer first = cluster.node(1).send(request);
  ASSERT_EQ(first.status, 200);
  ASSERT_EQ(cluster.node(2).put("once", "2").status, 200);
  const HttpAnswer again = cluster.node(3).send(request);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(cluster.node(1).value("once"), "2") << "the repeated request did not write again";
}

TEST(Consistency, StateHashesAreEqualAtEqualIndexes) {
  TestCluster cluster;
  cluster.startThree();
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(cluster.node(static_cast<std::size_t>(i) % 3 + 1).put("h" + std::to_string(i), "v").status,
              200);
  const auto at = [&](std::size_t i, const char* field) {
    return cluster.node(i).json("/v1/status")->optValue<std::string>(field, "");
  };
  EXPECT_TRUE(eventually([&] {
    const std::string hash = at(1, "state_hash");
    return !hash.empty() && at(2, "state_hash") == hash && at(3, "state_hash") == hash;
  }));
}

TEST(Consistency, LeadershipMovesOnRequestAndWritesGoOn) {
  TestCluster cluster;
  cluster.startThree();
  const std::string before = cluster.leader().id();
  ASSERT_EQ(cluster.node(1).send({.method = "POST", .target = "/v1/consensus/transfer"}).status, 200);
  EXPECT_TRUE(
      eventually([&] { return !cluster.node(1).leader().empty() && cluster.node(1).leader() != before; }));
  EXPECT_TRUE(eventually([&] { return cluster.node(2).put("after", "transfer").status == 200; }));
}

}  // namespace
}  // namespace clusterkit::test
