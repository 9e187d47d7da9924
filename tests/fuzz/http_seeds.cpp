#include "fuzz/seeds.hpp"
#include "http/join_message.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr const char* kJoin =
    R"({"node":{"id":"node-9","ip":"127.0.0.1:8009","name":"Nine","zone":"z","weight":2,)"
    R"("version":"1","member":"00000000000000ff","boot":"0000000000000001",)"
    R"("services":[{"service":"web","id":"w1","address":"10.0.0.9","port":80,)"
    R"("tags":["a"],"meta":{"k":"v"}}]},"transport_address":"127.0.0.1:9009",)"
    R"("transport_key":"01fe","cluster_id":"00000000000000c1","cluster_name":"test",)"
    R"("partition_count":4,"replication_factor":2,"protocol":1})";

// Whole, but for the last byte's way of cutting.
std::string request(const std::string& line, const std::string& headers = "", const std::string& body = "") {
  std::string text = line + " HTTP/1.1\r\nHost: localhost:8080\r\n" + headers;
  if (!body.empty() || line.starts_with("P"))
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

std::string get(const std::string& target, const std::string& headers = "") {
  return request("GET " + target, headers);
}

Seed seed(const std::string& name, const std::string& bytes, char cut = 20) {
  return {"http_request", name, cut + bytes};
}

std::string joinReply() {
  http::JoinReply reply;
  reply.accepted = {"node-9", ClusterId(0xc1), 2, LogIndex(17)};
  reply.members = {{"node-1", MemberId(1), "127.0.0.1:8001", "127.0.0.1:9001", ""},
                   {"node-9", MemberId(255), "127.0.0.1:8009", "", "\x01\xfe"}};
  return http::joinReplyBody(reply);
}

}  // namespace

std::vector<Seed> httpSeeds() {
  const std::string key = "Idempotency-Key: k1\r\nX-ClusterKit-Index: 3\r\n";
  std::string reads;
  for (const char* target : {"/cluster", "/nodes", "/partitions", "/partitions/stats", "/consensus/leader",
                             "/consensus/stats", "/health", "/ready", "/health/detailed", "/metrics"})
    reads += get(target);
  return {
      {"node_answer", "join-reply", joinReply()},
      {"node_answer", "status",
       R"({"cluster":{"id":"00000000000000c1","name":"test"},"node":{"id":"node-1"}})"},
      seed("reads", reads),
      seed("status", get("/v1/status") + get("/v1/plugins") + get("/v1/partitions/partition-1") +
                         get("/v1/nodes/node-1")),
      seed("lookup",
           get("/v1/lookup?key=a%20b") + get("/v1/kv?prefix=a&limit=5&after=b") + get("/v1/rebalance")),
      seed("write", request("PUT /v1/kv/a/b", key, "value") +
                        get("/v1/kv/a/b", "Accept: application/json\r\n") +
                        request("DELETE /v1/kv/a%2Fb?cas=7", key)),
      seed("conditional", request("PUT /v1/kv/a?cas=0", "Expect: 100-continue\r\n", "v") +
                              get("/v1/kv/a?consistency=local") + request("HEAD /v1/kv/a")),
      seed("chunked",
           "PUT /v1/kv/c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n"
           "1\r\n!\r\n0\r\nTrailer: t\r\n\r\n" +
               get("/v1/kv/c")),
      seed("join", request("POST /join", "Content-Type: application/json\r\n", kJoin)),
      seed("nodes", request("POST /v1/nodes/node-2/drain") + request("POST /v1/nodes/node-2/undrain") +
                        request("DELETE /v1/nodes/node-3?lose_last_copies=true")),
      seed("leader",
           request("POST /v1/consensus/transfer?to=node-2") + request("POST /v1/rebalance?dry_run=true")),
      seed("rebalance", request("POST /v1/rebalance") + request("POST /v1/rebalance/pause") +
                            request("POST /v1/rebalance/cancel")),
      seed("events", get("/v1/events?since=2&types=node_join,leader_change&limit=3&wait=1s")),
      seed("stream", get("/v1/events?since=0", "Accept: text/event-stream\r\nLast-Event-ID: 3\r\n")),
      seed("sinks", get("/v1/sinks") + get("/v1/sinks/hook") + request("POST /v1/sinks/audit/pause") +
                        request("POST /v1/sinks/audit/resume", "Content-Type: application/json\r\n", "{}")),
      seed("replay", request("POST /v1/sinks/audit/replay?since=3") + request("POST /v1/sinks/hook/reload") +
                         request("POST /v1/sinks/none/replay?since=0&until=2")),
      seed("absolute", "OPTIONS http://h/cluster HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\n\r\n"),
      seed("old", "\r\nGET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
      seed("refused", get("/nowhere") + request("PATCH /cluster") + "BREW / HTTP/1.1\r\n\r\n"),
      seed("smuggled", request("POST /nowhere", "", get("/cluster"))),
      seed("both-lengths",
           "PUT /v1/kv/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0\r\n\r\n"),
  };
}

}  // namespace clusterkit::fuzz
