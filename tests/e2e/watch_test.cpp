// Watchers of a real cluster: the same events in the same order at every node, and nothing missed when a node
// dies or stops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "e2e/test_cluster.hpp"
#include "http/event_client.hpp"

namespace clusterkit::test {
namespace {

using http::test::EventClient;
using http::test::ServerEvent;
using testing::HasSubstr;

EventClient watch(const TestNode& node, const std::string& after) {
  EventClient client(node.port(), "/v1/events", "Last-Event-ID: " + after + "\r\n");
  EXPECT_EQ(client.begin().value_or(http::test::RawResponse{}).status, 200) << node.id();
  return client;
}

// All events up to the change of this key; fewer when the stream ends before.
std::vector<ServerEvent> until(EventClient& client, const std::string& key) {
  std::vector<ServerEvent> got;
  for (;;) {
    const auto next = client.events(1);
    if (next.empty()) return got;
    got.push_back(next[0]);
    if (next[0].data.find("\"key\":\"" + key + "\"") != std::string::npos) return got;
  }
}

void expectDense(const std::vector<ServerEvent>& events, std::uint64_t first) {
  for (const ServerEvent& event : events) ASSERT_EQ(event.id, std::to_string(first++));
}

bool has(const std::vector<ServerEvent>& events, const std::string& type) {
  return std::any_of(events.begin(), events.end(), [&](const ServerEvent& e) { return e.type == type; });
}

TEST(Watch, EveryNodeTellsTheSameInTheSameOrder) {
  TestCluster cluster;
  cluster.startThree();
  std::vector<EventClient> clients;
  for (TestNode* node : cluster.running()) clients.push_back(watch(*node, "0"));
  for (int i = 0; i < 30; ++i)
    ASSERT_EQ(cluster.node(1 + static_cast<std::size_t>(i) % 3).put("k" + std::to_string(i), "v").status,
              200);
  const std::vector<ServerEvent> first = until(clients[0], "k29");
  expectDense(first, 1);
  EXPECT_TRUE(has(first, "node_join"));
  EXPECT_TRUE(has(first, "partition_change"));
  for (std::size_t i = 1; i < clients.size(); ++i) {
    const std::vector<ServerEvent> other = until(clients[i], "k29");
    ASSERT_EQ(other.size(), first.size());
    for (std::size_t e = 0; e < first.size(); ++e) ASSERT_EQ(other[e].data, first[e].data);
  }
}

TEST(Watch, AWatcherWhoseNodeDiesGoesOnAtAnotherOne) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& dying = cluster.leader().id() == "node-3" ? cluster.node(2) : cluster.node(3);
  EventClient client = watch(dying, "0");
  ASSERT_EQ(cluster.node(1).put("before", "1").status, 200);
  const std::vector<ServerEvent> before = until(client, "before");
  expectDense(before, 1);
  dying.kill9();
  EXPECT_TRUE(client.events(1).empty());
  TestNode& other = *cluster.running().back();
  ASSERT_TRUE(eventually([&] { return other.status(dying.id()) == "down"; }));
  ASSERT_EQ(other.put("after", "2").status, 200);
  EventClient again = watch(other, before.back().id);
  const std::vector<ServerEvent> after = until(again, "after");
  expectDense(after, before.size() + 1);
  EXPECT_TRUE(has(after, "node_leave"));
}

TEST(Watch, ANodeThatStopsEndsItsStreamsFirst) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  EventClient client(node.port(), "/v1/events");
  EXPECT_EQ(client.begin().value_or(http::test::RawResponse{}).status, 200);
  EXPECT_EQ(node.stop(), 0);
  const std::vector<ServerEvent> all = until(client, "never written");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back().type, "end");
  EXPECT_THAT(all.back().data, HasSubstr("\"reason\":\"stopping\""));
}

TEST(Watch, TheCommandPrintsThemAndFollowsOverARestart) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  ASSERT_EQ(node.put("one", "1").status, 200);
  const std::vector<std::string> command = {cliPath(), "--address", node.address(), "events"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = command;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const Finished printed = runToEnd(command);
  EXPECT_EQ(printed.exitCode, 0) << printed.output;
  EXPECT_THAT(printed.output, HasSubstr(" node_join "));
  EXPECT_THAT(printed.output, HasSubstr(" value_change key=one change=set version="));
  const Finished json = runToEnd(with({"value_change", "--json"}));
  EXPECT_THAT(json.output, testing::StartsWith("{\"seq\":"));
  EXPECT_EQ(std::count(json.output.begin(), json.output.end(), '\n'), 1);
  EXPECT_EQ(runToEnd(with({"node_left"})).exitCode, 1);

  const std::filesystem::path output = cluster.folder() / "followed";
  Process follower({with({"--follow", "value_change"}), output, {}});
  // Where it begins is where the journal stands when it asks: write until one was seen.
  ASSERT_TRUE(eventually([&] {
    return node.put("seen", "1").status == 200 && readFile(output).find("key=seen") != std::string::npos;
  }));
  ASSERT_EQ(node.put("two", "2").status, 200);
  ASSERT_TRUE(eventually([&] { return readFile(output).find("key=two") != std::string::npos; }));
  ASSERT_EQ(node.stop(), 0);
  node.start();
  ASSERT_TRUE(eventually([&] { return node.put("three", "3").status == 200; }));
  ASSERT_TRUE(eventually([&] { return readFile(output).find("key=three") != std::string::npos; }))
      << readFile(output);
  const std::string all = readFile(output);
  EXPECT_EQ(all.find("key=two"), all.rfind("key=two")) << "told once";
  EXPECT_LT(all.find("key=two"), all.find("key=three"));
  EXPECT_TRUE(follower.running());
  follower.signal(SIGTERM);
  EXPECT_EQ(follower.waitExit(5s), 128 + SIGTERM);
}

}  // namespace
}  // namespace clusterkit::test
