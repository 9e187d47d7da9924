// The fields of every answer that reads, compared byte by byte: clients in many languages depend on them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/text.hpp"
#include "http/api_fixture.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ApiTest, HealthSaysThatTheProcessIsUp) {
  const RawResponse response = get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"success":true,"message":"healthy"})");
  EXPECT_EQ(response.header("Content-Type"), "application/json");
}

TEST_F(ApiTest, ReadyCountsPartitionsWithALivePrimary) {
  const RawResponse response = get("/ready");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"ready":true,"nodes":3,"partitions":4,"valid_partitions":4})");
}

TEST_F(ApiTest, NotReadyWithoutALeader) {
  cluster_.setRoles({});
  const RawResponse response = get("/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.header("Retry-After"), "1");
  EXPECT_EQ(
      response.body,
      R"({"ready":false,"nodes":3,"partitions":4,"valid_partitions":4,"message":"no leader is known"})");
}

TEST_F(ApiTest, NotReadyWithoutALivePrimary) {
  cluster_.apply(SetNodeStatus{MemberId(1), 0, NodeStatus::Down, {}, {}, Epoch()});
  const RawResponse response = get("/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body,
              StartsWith(R"({"ready":false,"nodes":3,"partitions":4,"valid_partitions":0,"message":")"));
}

const char kNode2[] =
    R"({"id":"node-2","ip":"127.0.0.1:8002","name":"Node 2","status":"active","zone":"z2","weight":1,"role":"voter",)"
    R"("incarnation":1,"last_seen_at":"2023-11-14T22:13:20.000000000Z"})";

TEST_F(ApiTest, ClusterShowsNodesMapConfigAndHashRule) {
  const RawResponse response = get("/cluster");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body,
              StartsWith(R"({"cluster":{"id":"00000000000000c1","name":"test","nodes":[{"id":"node-1",)"));
  EXPECT_THAT(response.body, HasSubstr(kNode2));
  EXPECT_THAT(response.body, HasSubstr(R"("role":"leader")"));
  EXPECT_THAT(response.body, HasSubstr(R"("role":"learner")"));
  EXPECT_THAT(
      response.body,
      HasSubstr(R"("partition_map":{"partitions":{"partition-0":{"id":"partition-0","primary_node":"node-1",)"
                R"("replica_nodes":[],"epoch":1,"state":"under_replicated"},"partition-1":)"));
  EXPECT_THAT(
      response.body,
      testing::EndsWith(R"("config":{"cluster_name":"test","partition_count":4,"replication_factor":2}},)"
                        R"("hash_config":{"algorithm":"md5","encoding":"big_endian_uint32","modulo":4,)"
                        R"("format":"partition-%d"}})"));
}

TEST_F(ApiTest, EtagOfClusterStaysWithTheContentAndChangesWithIt) {
  const std::string first = get("/cluster").header("ETag");
  ASSERT_FALSE(first.empty());
  EXPECT_EQ(get("/cluster", "If-None-Match: " + first + "\r\n").status, 304);
  EXPECT_EQ(get("/cluster", "If-None-Match: \"x\", W/" + first + "\r\n").status, 304);
  EXPECT_EQ(get("/cluster", "If-None-Match: \"x\"\r\n").status, 200);
  cluster_.apply(SetValue{"k", "v", {}});
  EXPECT_EQ(get("/cluster", "If-None-Match: " + first + "\r\n").status, 304)
      << "a value is not part of the topology";
  NodeSpec moved = specOf(2);
  moved.httpAddress = "127.0.0.1:8999";
  cluster_.apply(UpdateNode{moved});
  const RawResponse changed = get("/cluster", "If-None-Match: " + first + "\r\n");
  EXPECT_EQ(changed.status, 200);
  EXPECT_THAT(changed.body, HasSubstr("127.0.0.1:8999"));
  MemberRoles roles = *cluster_.roles();
  roles.leader = MemberId(2);
  cluster_.setRoles(roles);
  EXPECT_EQ(get("/cluster", "If-None-Match: " + changed.header("ETag") + "\r\n").status, 200)
      << "another leader";
}

TEST_F(ApiTest, EtagsOfNodesWithTheSameContentAreEqual) {
  const FakeCluster other;
  const auto state = other.state();
  EXPECT_EQ(get("/cluster").header("ETag"), TopologyView(*state, *other.roles()).cluster().etag);
}

TEST_F(ApiTest, NodesAreListedPageByPage) {
  const RawResponse all = get("/nodes");
  EXPECT_THAT(all.body, StartsWith(R"({"nodes":[{"id":"node-1",)"));
  EXPECT_THAT(all.body,
              testing::EndsWith(R"(],"total":3,"offset":0,"limit":50,"has_more":false,"next_offset":3})"));
  EXPECT_EQ(get("/nodes?limit=1&offset=1").body,
            std::string(R"({"nodes":[)") + kNode2 +
                R"(],"total":3,"offset":1,"limit":1,"has_more":true,"next_offset":2})");
  EXPECT_EQ(get("/nodes?offset=9").body,
            R"({"nodes":[],"total":3,"offset":9,"limit":50,"has_more":false,"next_offset":9})");
}

TEST_F(ApiTest, NodesRefusesPagesThatAreNone) {
  for (const char* query : {"limit=0", "limit=1001", "limit=-1", "offset=-1", "offset=x",
                            "limit=", "limit=5&limit=6", "page=1", "offset=99999999999999999999"}) {
    expectError(get(std::string("/nodes?") + query), 400, "invalid", "not_applied");
  }
}

TEST_F(ApiTest, PartitionsAreListedByNumber) {
  const RawResponse response = get("/partitions");
  EXPECT_THAT(response.body,
              StartsWith(R"({"partitions":[{"id":"partition-0","primary_node":"node-1","replica_nodes":[],)"
                         R"("epoch":1,"state":"under_replicated"},{"id":"partition-1",)"));
  EXPECT_THAT(response.body, testing::EndsWith(R"(],"count":4})"));
  EXPECT_EQ(get("/partitions", "If-None-Match: " + response.header("ETag") + "\r\n").status, 304);
  EXPECT_EQ(get("/partitions/stats").body,
            R"({"total_partitions":4,"partitions_per_node":{"node-1":4,"node-2":0,"node-3":0},)"
            R"("replicas_per_node":{"node-1":0,"node-2":0,"node-3":0}})");
}

TEST_F(ApiTest, LeaderIsNamedWithTermAndTime) {
  EXPECT_EQ(get("/consensus/leader").body,
            R"({"leader_id":"node-1","leader_name":"Node 1","leader_ip":"127.0.0.1:8001","term":3,)"
            R"("elected_at":"2023-11-14T22:13:20.000000000Z"})");
  cluster_.setRoles({});
  expectError(get("/consensus/leader"), 404, "not_found", "n/a");
}

TEST_F(ApiTest, ConsensusStatsAreTrue) {
  EXPECT_EQ(
      get("/consensus/stats").body,
      R"({"state":"Leader","term":3,"last_log_index":9,"last_log_term":3,"commit_index":8,"applied_index":8,)"
      R"("num_peers":1,"leader":"node-1","num_learners":1})");
}

TEST_F(ApiTest, DetailedHealthGivesReasons) {
  EXPECT_EQ(get("/health/detailed").body,
            R"({"healthy":false,"node_id":"node-1","node_name":"Node 1","is_leader":true,"node_count":3,)"
            R"("partition_count":4,"raft_state":"Leader","last_sync":"2023-11-14T22:13:20.000000000Z",)"
            R"("uptime":"1h2m3.4s","cluster":{"status":"degraded","healthy_nodes":3,"total_nodes":3,)"
            R"("unhealthy_node_ids":[],"partitions_offline":0,"partitions_under_replicated":4,)"
            R"("reasons":["4 partitions have fewer live owners than the replication factor"]}})");
}

TEST_F(ApiTest, MetricsAreJsonForThoseWhoAskForIt) {
  get("/nowhere");
  EXPECT_EQ(get("/metrics", "Accept: application/json\r\n").body,
            R"({"node_count":3,"partition_count":4,"request_count":1,"error_count":1,)"
            R"("last_sync":"2023-11-14T22:13:20.000000000Z","is_leader":true,"raft_state":"Leader",)"
            R"("uptime_seconds":3723})");
}

TEST_F(ApiTest, MetricsArePrometheusTextOtherwise) {
  MetricFamily timing{"clusterkit_store_sync_seconds", "Time of a sync.", MetricFamily::Type::Histogram, {}};
  timing.samples.push_back(
      {{{"store", "sqlite"}}, 0.75, 3, {{0.1, 1}, {std::numeric_limits<double>::infinity(), 3}}});
  cluster_.families = {timing,
                       {"clusterkit_term", "The node's own.", MetricFamily::Type::Gauge, {{{}, 77, 0, {}}}}};
  const RawResponse response = get("/metrics");
  EXPECT_EQ(response.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("# TYPE clusterkit_store_sync_seconds histogram\n"));
  EXPECT_THAT(response.body,
              HasSubstr("clusterkit_store_sync_seconds_bucket{store=\"sqlite\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(response.body, HasSubstr("clusterkit_store_sync_seconds_sum{store=\"sqlite\"} 0.75\n"));
  EXPECT_THAT(response.body, HasSubstr("clusterkit_term 77\n")) << "the node's own figure wins";
  EXPECT_THAT(response.body, testing::Not(HasSubstr("clusterkit_term 3\n")));
  EXPECT_THAT(response.body, HasSubstr("clusterkit_http_connections 1\n"));
  EXPECT_THAT(response.body, HasSubstr("clusterkit_partitions_under_replicated 4\n"));
}

TEST_F(ApiTest, LookupGivesOwnersOfEachKey) {
  const RawResponse response = get("/v1/lookup?key=foo&key=user%3A123");
  // Vectors of semantics.md: 2898073819 mod 4 = 3, 2430271536 mod 4 = 0.
  EXPECT_THAT(response.body,
              StartsWith(R"({"keys":[{"key":"foo","hash":2898073819,"partition":"partition-3","epoch":1,)"
                         R"("primary":{"id":"node-1",)"));
  EXPECT_THAT(
      response.body,
      HasSubstr(
          R"("replicas":[]},{"key":"user:123","hash":2430271536,"partition":"partition-0","epoch":1,)"));
  EXPECT_THAT(response.body, testing::EndsWith(R"("replicas":[]}],"map_epoch":1})"));
  expectError(get("/v1/lookup"), 400, "invalid", "not_applied");
  expectError(get("/v1/lookup?key=%ff"), 400, "invalid", "not_applied");
  EXPECT_EQ(get("/v1/lookup?key=").status, 200) << "the empty key has a partition too";
}

TEST_F(ApiTest, StatusHasTheHashOfTheState) {
  cluster_.loaded = {{"consensus", "", "raft", "1.0", "raft.so", "running", ""},
                     {"sink", "audit", "script", "1.0", "script.so", "failed", "no such command"}};
  const std::string hash = hex64(stateHash(*cluster_.state()));
  const std::string index = std::to_string(cluster_.state()->appliedIndex.value);
  EXPECT_EQ(
      get("/v1/status").body,
      R"({"node":{"id":"node-1","name":"Node 1","member":"0000000000000001","ip":"127.0.0.1:8001"},)"
      R"("role":"leader","term":3,"leader":{"id":"node-1","member":"0000000000000001"},"commit_index":8,)"
      R"("applied_index":8,"last_index":9,"durable_index":9,"config_index":4,"first_index":1,"snapshot_index":2,)"
      R"("voters":["node-1","node-2"],"learners":["node-3"],"state_hash":")" +
          hash + R"(","state_hash_index":)" + index +
          R"(,"cluster":{"id":"00000000000000c1","name":"test","generation":0,"map_epoch":1,"nodes":3,)"
          R"("health":"degraded"},)"
          R"("last_sync":"2023-11-14T22:13:20.000000000Z","uptime_ms":3723400,"plugins":[{"kind":"consensus",)"
          R"("id":"raft","instance":"","version":"1.0","file":"raft.so","state":"running"},{"kind":"sink",)"
          R"("id":"script","instance":"audit","version":"1.0","file":"script.so","state":"failed",)"
          R"("message":"no such command"}]})");
  EXPECT_THAT(get("/v1/plugins").body, StartsWith(R"({"plugins":[{"kind":"consensus","id":"raft",)"));
}

TEST_F(ApiTest, WhyANodeTakesNoPartIsSaidWhereAnOperatorLooks) {
  cluster_.view.problem = "left behind";
  EXPECT_THAT(get("/v1/status").body, HasSubstr(R"("problem":"left behind")"));
  EXPECT_EQ(get("/ready").status, 503);
  EXPECT_THAT(get("/ready").body, HasSubstr(R"("message":"left behind")"));
  EXPECT_THAT(get("/health/detailed").body, HasSubstr("left behind"));
}

TEST_F(ApiTest, StatusHasTheHashOfAnEarlierIndexWhileItIsKept) {
  EXPECT_THAT(get("/v1/status?index=2").body,
              HasSubstr(R"("state_hash":"0000000000000abc","state_hash_index":2,)"));
  expectError(get("/v1/status?index=1"), 404, "not_found", "n/a");
  expectError(get("/v1/status?index=x"), 400, "invalid", "not_applied");
}

TEST_F(ApiTest, AnswersCarryTheIndexAndEpochTheyWereReadFrom) {
  const std::string index = std::to_string(cluster_.state()->appliedIndex.value);
  for (const char* path :
       {"/health", "/cluster", "/nodes", "/v1/status", "/nowhere", "/v1/lookup?key=a", "/nodes?x"}) {
    EXPECT_EQ(get(path).header("X-ClusterKit-Index"), index) << path;
    EXPECT_EQ(get(path).header("X-ClusterKit-Epoch"), "1") << path;
  }
}

TEST_F(LonelyApiTest, ANodeWithoutAClusterSaysSo) {
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/ready").status, 503);
  for (const char* path :
       {"/cluster", "/nodes", "/partitions", "/partitions/stats", "/v1/lookup?key=a", "/v1/partitions/0",
        "/v1/nodes/node-1", "/v1/kv/k?consistency=local", "/v1/kv?consistency=local"}) {
    const RawResponse response = get(path);
    expectError(response, 503, "not_ready", "not_applied");
    EXPECT_EQ(response.header("Retry-After"), "1");
  }
  expectError(put("/v1/kv/k", "v"), 503, "not_ready", "not_applied");
  expectError(request("DELETE", "/v1/nodes/node-1"), 503, "not_ready", "not_applied");
  expectError(request("POST", "/v1/nodes/node-1/drain"), 503, "not_ready", "not_applied");
  EXPECT_THAT(get("/v1/status").body, HasSubstr(R"("role":"not_started","term":0,"leader":null,)"));
  EXPECT_THAT(get("/health/detailed").body,
              HasSubstr(R"("reasons":["this node is not yet part of a cluster",)"));
}

}  // namespace
}  // namespace clusterkit::http::test
