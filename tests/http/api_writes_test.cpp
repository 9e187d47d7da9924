// What the API does with changes: values, nodes, partitions, rebalancing, joins; and how it says what became
// of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/api_fixture.hpp"
#include "http/http_client.hpp"
#include "http/join_message.hpp"
#include "support/dripping_server.hpp"

namespace clusterkit::http::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Move moveTo(MemberId member) { return {PartitionId(1), {MemberId(1)}, {member, MemberId(1)}, {MemberId(1)}}; }

TEST_F(ApiTest, AValueIsWrittenReadAndDeleted) {
  const RawResponse written = put("/v1/kv/config/a%20b", std::string("\0\xff raw", 6));
  const std::string version = written.header("X-ClusterKit-Version");
  EXPECT_EQ(written.status, 200);
  EXPECT_EQ(written.body, R"({"key":"config/a b","version":)" + version + R"(,"index":)" + version + "}");
  const RawResponse read = get("/v1/kv/config%2Fa%20b");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.body, std::string("\0\xff raw", 6));
  EXPECT_EQ(read.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(read.header("X-ClusterKit-Version"), version);
  EXPECT_EQ(request("DELETE", "/v1/kv/config/a%20b").status, 200);
  expectError(get("/v1/kv/config/a%20b"), 404, "not_found", "n/a");
  expectError(request("DELETE", "/v1/kv/config/a%20b"), 404, "not_found", "not_applied");
}

TEST_F(ApiTest, ReadsAreLinearizableUnlessAskedOtherwise) {
  put("/v1/kv/k", "v");
  get("/v1/kv/k");
  get("/v1/kv/k?consistency=linearizable");
  EXPECT_EQ(cluster_.barriers(), 2);
  const RawResponse local = get("/v1/kv/k?consistency=local");
  EXPECT_EQ(cluster_.barriers(), 2);
  EXPECT_EQ(local.body, "v");
  EXPECT_FALSE(local.header("X-ClusterKit-Index").empty());
  expectError(get("/v1/kv/k?consistency=maybe"), 400, "invalid", "not_applied");
  cluster_.fail(Failure{FailureKind::NoLeader, "no leader is known"});
  const RawResponse refused = get("/v1/kv/k");
  expectError(refused, 503, "no_leader", "not_applied");
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(get("/v1/kv/k?consistency=local").status, 200);
}

TEST_F(ApiTest, CompareAndSetSeesTheVersion) {
  EXPECT_EQ(put("/v1/kv/lock?cas=0", "me").status, 200);
  expectError(put("/v1/kv/lock?cas=0", "you"), 409, "version_conflict", "not_applied");
  const std::string version = get("/v1/kv/lock").header("X-ClusterKit-Version");
  EXPECT_EQ(put("/v1/kv/lock?cas=" + version, "you").status, 200);
  expectError(request("DELETE", "/v1/kv/lock?cas=" + version), 409, "version_conflict", "not_applied");
  EXPECT_EQ(get("/v1/kv/lock").body, "you");
  expectError(put("/v1/kv/lock?cas=-1", "x"), 400, "invalid", "not_applied");
  expectError(put("/v1/kv/lock?cas=1&cas=1", "x"), 400, "invalid", "not_applied");
}

TEST_F(ApiTest, KeysAndValuesHaveTheirDocumentedLimits) {
  EXPECT_EQ(put("/v1/kv/" + std::string(512, 'k'), "x").status, 200);
  expectError(put("/v1/kv/" + std::string(513, 'k'), "x"), 400, "invalid", "not_applied");
  expectError(get("/v1/kv/" + std::string(513, 'k')), 400, "invalid", "not_applied");
  expectError(put("/v1/kv/%ff", "x"), 400, "invalid", "not_applied");
  expectError(put("/v1/kv/", "x"), 404, "not_found", "not_applied");
  EXPECT_EQ(put("/v1/kv/large", std::string(kMaxValueBytes, 'v')).status, 200);
  EXPECT_EQ(get("/v1/kv/large").body.size(), kMaxValueBytes);
  expectError(put("/v1/kv/larger", std::string(kMaxValueBytes + 1, 'v')), 413, "too_large", "not_applied");
}

TEST_F(ApiTest, ListsAreLinearizableUnlessAskedOtherwise) {
  put("/v1/kv/k", "v");
  EXPECT_EQ(get("/v1/kv?prefix=k").header("X-ClusterKit-Age-Ms"), "");
  EXPECT_EQ(get("/v1/kv?prefix=k&consistency=linearizable").status, 200);
  EXPECT_EQ(cluster_.barriers(), 2);
  EXPECT_NE(get("/v1/kv?prefix=k&consistency=local").header("X-ClusterKit-Age-Ms"), "");
  EXPECT_EQ(cluster_.barriers(), 2);
  cluster_.fail(Failure{FailureKind::NoLeader, "no quorum confirmed the read"});
  expectError(get("/v1/kv?prefix=k"), 503, "no_leader", "not_applied");
  EXPECT_EQ(get("/v1/kv?prefix=k&consistency=local").status, 200);
}

// Of a leader too: it may have been cut off, or stood still.
TEST_F(ApiTest, TheAgeOfALocalReadIsTheTimeSinceTheLastContact) {
  put("/v1/kv/k", "v");
  const auto age = [this] { return get("/v1/kv/k?consistency=local").header("X-ClusterKit-Age-Ms"); };
  cluster_.view.role = ConsensusRole::Leader;
  cluster_.view.lastSync = std::chrono::system_clock::now() - std::chrono::seconds(100);
  EXPECT_THAT(age(), StartsWith("100"));
  cluster_.view.role = ConsensusRole::Follower;
  EXPECT_THAT(age(), StartsWith("100"));
  cluster_.view.lastSync = WallTime{};
  EXPECT_EQ(age(), "unknown");
}

TEST_F(ApiTest, KeysAreListedInOrder) {
  for (const char* key : {"b", "a/2", "a/1", "a/3", "a"}) put(std::string("/v1/kv/") + key, key);
  EXPECT_THAT(get("/v1/kv?prefix=a/&limit=2").body, StartsWith(R"({"keys":[{"key":"a/1","version":)"));
  EXPECT_THAT(get("/v1/kv?prefix=a/&limit=2").body,
              testing::EndsWith(R"("size":3}],"has_more":true,"next_after":"a/2"})"));
  const RawResponse rest = get("/v1/kv?prefix=a%2F&limit=2&after=a%2F2");
  EXPECT_THAT(rest.body, StartsWith(R"({"keys":[{"key":"a/3",)"));
  EXPECT_THAT(rest.body, testing::EndsWith(R"(],"has_more":false})"));
  EXPECT_EQ(get("/v1/kv?prefix=c").body, R"({"keys":[],"has_more":false})");
  EXPECT_EQ(get("/v1/kv?prefix=a&after=a").body, get("/v1/kv?prefix=a/").body);
  EXPECT_EQ(get("/v1/kv?prefix=a&after=zzz").body, R"({"keys":[],"has_more":false})");
  expectError(get("/v1/kv?limit=0"), 400, "invalid", "not_applied");
}

TEST_F(ApiTest, ARepeatedRequestIsAppliedOnce) {
  const std::string key = "Idempotency-Key: abc\r\nX-ClusterKit-Index: 5\r\n";
  const RawResponse first = put("/v1/kv/once?cas=0", "v", key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(put("/v1/kv/once?cas=0", "v", key).body, first.body);
  expectError(put("/v1/kv/once?cas=0", "other", key), 409, "idempotency_conflict", "not_applied");
  ASSERT_TRUE(cluster_.writes().front().idempotency);
  EXPECT_EQ(cluster_.writes().front().idempotency->key, "abc");
  EXPECT_EQ(cluster_.writes().front().idempotency->knownIndex, LogIndex(5));
  expectError(put("/v1/kv/k", "v", "Idempotency-Key:\r\n"), 400, "invalid", "not_applied");
  expectError(put("/v1/kv/k", "v", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), 400, "invalid",
              "not_applied");
  expectError(put("/v1/kv/k", "v", "Idempotency-Key: " + std::string(256, 'k') + "\r\n"), 400, "invalid",
              "not_applied");
}

TEST_F(ApiTest, ARepeatedChangeOfTheClusterIsAppliedOnceToo) {
  cluster_.plan.moves = {moveTo(MemberId(2))};
  const auto key = [](const std::string& text) { return "Idempotency-Key: " + text + "\r\n"; };
  const RawResponse plan = post("/v1/rebalance", "", key("plan"));
  EXPECT_EQ(plan.status, 202);
  EXPECT_EQ(post("/v1/rebalance/pause", "", key("pause")).status, 200);
  EXPECT_EQ(post("/v1/rebalance/cancel", "", key("cancel")).status, 200);
  for (const char* again : {"pause", "cancel"})
    EXPECT_EQ(post(std::string("/v1/rebalance/") + again, "", key(again)).status, 200) << again;
  expectError(post("/v1/rebalance/resume", "", key("cancel")), 409, "idempotency_conflict", "not_applied");
  EXPECT_EQ(post("/v1/rebalance", "", key("plan")).body, plan.body);
  EXPECT_THAT(get("/v1/rebalance").body, StartsWith(R"({"state":"idle")"))
      << "none was started by the repetition";
  EXPECT_EQ(post("/v1/nodes/node-2/drain", "", key("drain")).status, 200);
  EXPECT_EQ(post("/v1/nodes/node-2/undrain").status, 200);
  EXPECT_THAT(post("/v1/nodes/node-2/drain", "", key("drain")).body, HasSubstr(R"("status":"active")"));
  const RawResponse removed = request("DELETE", "/v1/nodes/node-2", "", key("remove"));
  EXPECT_EQ(removed.status, 200);
  EXPECT_EQ(request("DELETE", "/v1/nodes/node-2", "", key("remove")).body, removed.body);
  EXPECT_EQ(request("DELETE", "/v1/nodes/node-2").status, 404);
  // The node is gone by now, the request with this key was applied all the same.
  const RawResponse repeated = post("/v1/nodes/node-2/drain", "", key("drain"));
  EXPECT_EQ(repeated.status, 200) << repeated.body;
  EXPECT_THAT(repeated.body, StartsWith(R"({"node_id":"node-2","index":)"));
  expectError(post("/v1/nodes/node-2/undrain", "", key("drain")), 409, "idempotency_conflict", "not_applied");
  EXPECT_EQ(post("/v1/nodes/node-2/drain", "", key("another")).status, 404);
}

TEST_F(ApiTest, EveryFailureSaysWhetherTheWriteMayHaveHappened) {
  const struct {
    FailureKind kind;
    int status;
    const char* code;
    const char* outcome;
  } rows[] = {{FailureKind::NoLeader, 503, "no_leader", "not_applied"},
              {FailureKind::NotLeader, 503, "not_leader", "not_applied"},
              {FailureKind::NotReady, 503, "not_ready", "not_applied"},
              {FailureKind::Unavailable, 503, "unavailable", "not_applied"},
              {FailureKind::NoSpace, 503, "no_space", "not_applied"},
              {FailureKind::Refused, 409, "conflict", "not_applied"},
              {FailureKind::Removed, 410, "gone", "not_applied"},
              {FailureKind::NotFound, 404, "not_found", "not_applied"},
              {FailureKind::Invalid, 400, "invalid", "not_applied"},
              {FailureKind::TooLarge, 413, "too_large", "not_applied"},
              {FailureKind::Unsupported, 501, "not_implemented", "not_applied"},
              {FailureKind::TimedOut, 504, "timeout", "unknown"},
              {FailureKind::Unknown, 504, "outcome_unknown", "unknown"},
              {FailureKind::Internal, 500, "internal", "unknown"}};
  for (const auto& row : rows) {
    cluster_.fail(Failure{row.kind, "said the cluster"});
    const RawResponse response = put("/v1/kv/k", "v");
    expectError(response, row.status, row.code, row.outcome);
    EXPECT_THAT(response.body, HasSubstr("said the cluster"));
    EXPECT_EQ(response.header("Retry-After"), row.status == 503 ? "1" : "");
  }
}

TEST_F(ApiTest, OneNodeIsShownDrainedUndrainedAndRemoved) {
  EXPECT_THAT(
      get("/v1/nodes/node-1").body,
      HasSubstr(
          R"(,"partitions":{"primary":["partition-0","partition-1","partition-2","partition-3"],"replica":[]}})"));
  EXPECT_THAT(post("/v1/nodes/node-2/drain").body, HasSubstr(R"("status":"draining")"));
  EXPECT_THAT(get("/v1/nodes/node-2").body, HasSubstr(R"("drain_requested":true)"));
  EXPECT_THAT(post("/v1/nodes/node-2/undrain").body, HasSubstr(R"("status":"active")"));
  const RawResponse removed = request("DELETE", "/v1/nodes/node-2");
  EXPECT_THAT(removed.body, StartsWith(R"({"node_id":"node-2","index":)"));
  expectError(get("/v1/nodes/node-2"), 404, "not_found", "not_applied");
  expectError(post("/v1/nodes/nobody/drain"), 404, "not_found", "not_applied");
  expectError(request("DELETE", "/v1/nodes/nobody"), 404, "not_found", "not_applied");
}

TEST_F(ApiTest, TheLastCopyIsKeptUnlessTheOperatorConsents) {
  expectError(request("DELETE", "/v1/nodes/node-1"), 409, "last_copy", "not_applied");
  EXPECT_EQ(request("DELETE", "/v1/nodes/node-1?lose_last_copies=true").status, 200);
  expectError(request("DELETE", "/v1/nodes/node-3?force=true"), 400, "invalid", "not_applied");
}

TEST_F(ApiTest, ARebalanceIsPreviewedStartedPausedResumedAndCancelled) {
  EXPECT_EQ(get("/v1/rebalance").body, R"({"state":"idle","rebalance":null,"last":null})");
  cluster_.plan.moves = {moveTo(MemberId(2))};
  const std::string preview =
      R"({"dry_run":true,"map_epoch":1,"partitions_to_move":1,"copies_moved":1,"primaries_changed":1,"moves":[)"
      R"({"partition":"partition-1","from":["node-1"],"to":["node-2","node-1"],"copy_from":["node-1"]}]})";
  EXPECT_EQ(get("/v1/rebalance?dry_run=true").body, preview);
  EXPECT_EQ(post("/v1/rebalance?dry_run=true").body, preview);
  EXPECT_EQ(get("/v1/rebalance").body, R"({"state":"idle","rebalance":null,"last":null})")
      << "a dry run changes nothing";
  const RawResponse started = post("/v1/rebalance");
  EXPECT_EQ(started.status, 202);
  const std::string plan = started.body.substr(8, started.body.size() - 9);
  EXPECT_EQ(started.body, R"({"plan":)" + plan + "}");
  EXPECT_THAT(get("/v1/rebalance").body,
              StartsWith(R"({"state":"running","rebalance":{"plan":)" + plan + R"(,"trigger":"manual",)"));
  EXPECT_THAT(get("/v1/rebalance").body, HasSubstr(R"("pending":1,"handoffs":[])"));
  EXPECT_THAT(get("/v1/partitions/1").body, HasSubstr(R"("handoff":null,"planned":["node-2","node-1"]})"));
  EXPECT_THAT(post("/v1/rebalance/pause").body, StartsWith(R"({"state":"paused",)"));
  EXPECT_THAT(post("/v1/rebalance/resume?plan=" + plan).body, StartsWith(R"({"state":"running",)"));
  expectError(post("/v1/rebalance/cancel?plan=1"), 409, "stale_plan", "not_applied");
  EXPECT_THAT(post("/v1/rebalance/cancel").body,
              StartsWith(R"({"state":"idle","rebalance":null,"last":{"plan":)" + plan));
  EXPECT_THAT(get("/v1/rebalance").body, HasSubstr(R"("outcome":"cancelled")"));
}

TEST_F(ApiTest, ANewOwnerReportsThatItHoldsTheData) {
  cluster_.plan.moves = {moveTo(MemberId(2))};
  post("/v1/rebalance");
  const LogIndex plan = cluster_.state()->rebalance->plan;
  const Outcome begun = cluster_.apply(BeginMoves{plan, {PartitionId(1)}});
  const std::string handoff = std::to_string(begun.index.value);
  const RawResponse moving = get("/v1/partitions/partition-1");
  EXPECT_THAT(moving.body, HasSubstr(R"("state":"moving","handoff":{"id":)" + handoff));
  EXPECT_THAT(moving.body, HasSubstr(R"("target":["node-2","node-1"],"waiting":["node-2"]}})"));
  expectError(post("/v1/partitions/1/ready", R"({"node":"node-3"})"), 409, "not_waiting", "not_applied");
  expectError(post("/v1/partitions/1/ready", R"({"node":"nobody"})"), 404, "not_found", "not_applied");
  const RawResponse done = post("/v1/partitions/1/ready", R"({"node":"node-2","handoff":)" + handoff + "}");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_THAT(
      done.body,
      StartsWith(R"({"id":"partition-1","primary_node":"node-2","replica_nodes":["node-1"],"epoch":2,)"));
}

TEST_F(ApiTest, PartitionsThatAreNoneAreRefused) {
  EXPECT_EQ(get("/v1/partitions/partition-3").status, 200);
  expectError(get("/v1/partitions/partition-4"), 404, "not_found", "not_applied");
  expectError(get("/v1/partitions/4000000000"), 404, "not_found", "not_applied");
  expectError(get("/v1/partitions/partition-03"), 400, "invalid", "not_applied");
  expectError(get("/v1/partitions/x"), 400, "invalid", "not_applied");
}

TEST_F(ApiTest, LeadershipIsHandedOver) {
  EXPECT_EQ(post("/v1/consensus/transfer").body, R"({"leader_id":"node-2"})");
  EXPECT_EQ(cluster_.transferredTo, std::nullopt);
  EXPECT_EQ(post("/v1/consensus/transfer?to=node-2").status, 200);
  EXPECT_EQ(cluster_.transferredTo, "node-2");
  expectError(post("/v1/consensus/transfer?to=nobody"), 404, "not_found", "not_applied");
}

TEST_F(ApiTest, ANodeJoinsWithAllItSays) {
  JoinRequest request;
  request.node = specOf(4);
  request.node.weight = 3;
  request.node.services = {{"orders", "o1", "10.0.0.4", 9004, {"blue"}, {{"k", "v"}}}};
  request.clusterName = "test";
  request.partitionCount = 4;
  const RawResponse response = post("/join", joinRequestBody(request), "Content-Type: application/json\r\n");
  EXPECT_THAT(response.body,
              StartsWith(R"({"success":true,"message":"Node joined successfully","data":{"node_id":"node-4",)"
                         R"("cluster_id":"00000000000000c1","node_count":4,)"));
  ASSERT_EQ(cluster_.joins().size(), 1U);
  EXPECT_EQ(cluster_.joins()[0].node, request.node);
  EXPECT_EQ(cluster_.joins()[0].partitionCount, 4U);
  EXPECT_EQ(cluster_.joins()[0].cluster, std::nullopt);
  const JoinReply reply = parseJoinReply(response.body);
  EXPECT_EQ(reply.accepted.cluster, ClusterId(0xc1));
  ASSERT_EQ(reply.members.size(), 4U);
  EXPECT_EQ(reply.members[0].member, MemberId(1));
  EXPECT_EQ(reply.members[0].transportAddress, "127.0.0.1:9001");
  EXPECT_EQ(reply.members[0].transportKey, "\x01\xfe");
}

TEST_F(ApiTest, AClientOfTheOriginalLibraryMayNameServicesByAddress) {
  post("/join", R"({"node":{"id":"old","ip":"127.0.0.1:8080","port":0,"name":"Old","status":"active",)"
                R"("services":{"kv":":9080","web":"10.0.0.1:80"}},"transport_address":"127.0.0.1:10001"})");
  const std::vector<JoinRequest> joins = cluster_.joins();
  ASSERT_EQ(joins.size(), 1U);
  const auto& services = joins[0].node.services;
  ASSERT_EQ(services.size(), 2U);
  EXPECT_EQ(services[0].service, "kv");
  EXPECT_EQ(services[0].address, "");
  EXPECT_EQ(services[0].port, 9080U);
  EXPECT_EQ(services[1].address, "10.0.0.1");
}

TEST_F(ApiTest, JoinsThatAreRefusedSayWhy) {
  cluster_.fail(Failure{FailureKind::Refused, "partition_count is 4 here and 16 there"});
  JoinRequest request;
  request.node = specOf(4);
  const RawResponse response = post("/join", joinRequestBody(request));
  expectError(response, 409, "conflict", "not_applied");
  EXPECT_THAT(response.body, HasSubstr("partition_count is 4 here and 16 there"));
}

TEST_F(ApiTest, BodiesThatAreNoJsonAreRefused) {
  std::string deep = R"({"node":)";
  for (int i = 0; i < 100000; ++i) deep += "[";
  for (const std::string& body : std::vector<std::string>{
           "",
           "{",
           "[]",
           "null",
           "\"x\"",
           "{} {}",
           "{}x",
           "{\"node\":}",
           "{\"node\":{\"id\":1}}",
           "{\"node\":[]}",
           "{\"node\":{\"id\":\"a\"}}",
           "{\"a\":\"\xff\"}",
           deep,
           R"({"node":{"id":"a","ip":"b:1","weight":-1}})",
           R"({"node":{"id":"a","ip":"b:1","weight":99999999999999999999},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"b:1","weight":1.5},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"b:1","member":"xyz"},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"b:1","services":[1]},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"b:1","services":{"s":":99999"}},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"b","member":"01","boot":"01"},"transport_address":"x"})",
           R"({"node":{"id":"a","ip":"127.0.0.1:0","member":"01","boot":"01"},"transport_address":"x"})",
           R"({"node":{"id":"","ip":"b:1"},"transport_address":"x"})"}) {
    SCOPED_TRACE(body.substr(0, 100));
    expectError(post("/join", body), 400, "invalid", "not_applied");
  }
  expectError(post("/join", "{}", "Content-Type: text/plain\r\n"), 415, "unsupported_media_type",
              "not_applied");
  // Else the others would ask in vain, as long as the node is a member.
  EXPECT_NE(post("/join", R"({"node":{"id":"a","ip":"127.0.0.1:0"},"transport_address":"x"})")
                .body.find("'127.0.0.1:0' is no address that others can ask"),
            std::string::npos);
  EXPECT_TRUE(cluster_.joins().empty());
}

TEST_F(ApiTest, ChangesFromPagesOfOtherSitesAreRefused) {
  expectError(put("/v1/kv/k", "v", "Origin: http://evil.example\r\n"), 403, "forbidden", "not_applied");
  EXPECT_EQ(put("/v1/kv/k", "v", "Origin: http://test\r\n").status, 200);
}

TEST_F(ApiTest, TheClientSpeaksToTheServer) {
  HttpClient client("http://127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_EQ(client.put("/v1/kv/c", "value").status, 200);
  const ClientAnswer answer = client.get("/v1/kv/c");
  EXPECT_EQ(answer.body, "value");
  ASSERT_NE(answer.headers.find("x-clusterkit-version"), nullptr);
  EXPECT_EQ(client.post("/v1/rebalance/pause", "").status, 409);
  EXPECT_EQ(client.del("/v1/kv/c").status, 200);
  EXPECT_EQ(client.get("/v1/kv/c").status, 404);
  EXPECT_EQ(server_.stats().accepted, 1U) << "the connection is kept";
  server_.stop();
  try {
    client.get("/health");
    FAIL() << "nobody answers";
  } catch (const ClientError& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not answer"));
  }
  EXPECT_THROW(HttpClient("nonsense"), std::invalid_argument);
  EXPECT_THROW(HttpClient("host:0"), std::invalid_argument);
}

TEST_F(ApiTest, TheClientGivesUpOnAServerThatDoesNotAnswer) {
  cluster_.holdBack();
  HttpClient client("127.0.0.1:" + std::to_string(server_.port()),
                    {std::chrono::seconds(1), std::chrono::milliseconds(100)});
  try {
    client.put("/v1/kv/slow", "v");
    FAIL() << "it was held back";
  } catch (const ClientError& error) {
    EXPECT_EQ(error.reached(), ClientError::Reached::Possibly);
  }
  cluster_.release();
}

TEST(Client, AServerThatDripsItsAnswerIsCutOffAtTheDeadline) {
  clusterkit::test::DrippingServer server;
  HttpClient client("127.0.0.1:" + std::to_string(server.port()), {.connect = std::chrono::seconds(1),
                                                                   .answer = std::chrono::seconds(1),
                                                                   .whole = std::chrono::milliseconds(300)});
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THROW(client.get("/health"), ClientError);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_GT(server.dripped(), 0);
}

}  // namespace
}  // namespace clusterkit::http::test
