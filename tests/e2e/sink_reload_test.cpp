// A hook sink is configured anew while its node runs: POST /v1/sinks/{name}/reload.
#include <atomic>
#include <thread>

#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SinkReload : public HookedCluster {
 protected:
  HttpAnswer reload(TestNode& node, const std::string& name = "audit") {
    return node.send({.method = "POST", .target = "/v1/sinks/" + name + "/reload"});
  }
  TestNode& oneNode(const Settings& settings = {}) {
    TestNode& node = addHooked(settings);
    EXPECT_TRUE(eventually([&] { return node.ready() && isDone(node); }, 20s));
    return node;
  }
};

TEST_F(SinkReload, GoesOnWithTheNewCommandFromTheCursorAndTellsNothingTwice) {
  TestNode& node = oneNode();
  ASSERT_EQ(node.put("before", "1").status, 200);
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const std::uint64_t last = hook(1).told().back().seq;

  const Hook other(cluster_.folder(), "other");
  for (const auto& [key, value] : other.settings()) node.set(key, value);
  node.writeConfig();
  const HttpAnswer answer = reload(node);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("\"name\":\"audit\""));
  ASSERT_EQ(node.put("after", "2").status, 200);
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  EXPECT_EQ(hook(1).told().back().seq, last) << "the old one is told no more";
  const auto told = other.told();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front().seq, last + 1);
  expectNoGap(told);
}

TEST_F(SinkReload, WhatIsWrongIsRefusedInOneLineAndChangesNothing) {
  TestNode& node = oneNode();
  const auto refused = [&](const std::string& key, const std::string& value, const std::string& says) {
    node.set(key, value);
    node.writeConfig();
    const HttpAnswer answer = reload(node);
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(says));
    node.unset(key);
  };
  refused("sink.audit.timeout", "soon", "timeout");
  refused("sink.audit.no-such-key", "1", "no-such-key");
  refused("sink.audit.isolation", "process", "isolation");
  const std::string command = hook(1).settings().at("sink.audit.command");
  refused("sink.audit.command", "/no/such/program", "/no/such/program");
  node.set("sink.audit.command", command);

  node.set("sink.audit.scope", "leader");
  node.writeConfig();
  const HttpAnswer scope = reload(node);
  EXPECT_EQ(scope.status, 409) << scope.body;
  EXPECT_THAT(scope.body, HasSubstr("stays every"));
  node.unset("sink.audit.scope");
  EXPECT_EQ(reload(node, "nobody").status, 404);

  ASSERT_EQ(node.put("k", "v").status, 200);
  ASSERT_TRUE(eventually([&] { return hook(1).told("value_change").size() == 1; }, 20s));
  expectNoGap(hook(1).told());
}

TEST_F(SinkReload, EndsWhatHangsAndTellsItsEventAgain) {
  const Hook hangs(cluster_.folder(), "hangs", "sleep 1000");
  TestNode& node = oneNode(hangs.settings("slow") + Settings{{"sink.slow.events", "value_change"}});
  ASSERT_EQ(node.put("k", "v").status, 200);
  ASSERT_TRUE(eventually([&] { return sink(node, "slow")->optValue<int>("under_way", 0) == 1; }, 20s));
  const Hook quick(cluster_.folder(), "quick");
  for (const auto& [key, value] : quick.settings("slow")) node.set(key, value);
  node.writeConfig();
  EXPECT_EQ(reload(node, "slow").status, 200);
  ASSERT_TRUE(eventually([&] { return quick.told().size() == 1; }, 20s));
  EXPECT_THAT(hangs.told(), IsEmpty());
}

// A long-lived script that ignores SIGTERM is killed; neither the node's loop nor its stop waits for that.
TEST_F(SinkReload, ADeafStreamHoldsUpNeitherTheNodeNorItsStop) {
  const std::filesystem::path script = cluster_.folder() / "deaf-stream.sh";
  std::ofstream(script) << "#!/bin/sh\ntrap '' TERM\nwhile read -r event; do sleep 1000 & wait; done\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  TestNode& node = oneNode({{"sink.deaf.plugin", "script"},
                            {"sink.deaf.command", script.string()},
                            {"sink.deaf.mode", "stream"},
                            {"sink.deaf.kill_after", "30s"},
                            {"sink.deaf.events", "value_change"}});
  ASSERT_EQ(node.put("k", "v").status, 200);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(eventually([&] { return sink(node, "deaf")->optValue<int>("under_way", 0) == 1; }, 20s));
    EXPECT_EQ(reload(node, "deaf").status, 200);
    EXPECT_EQ(node.put("other", "w").status, 200);
    EXPECT_EQ(sink(node, "deaf")->optValue<int>("delivered_total", -1), 0);
  }
  ASSERT_TRUE(eventually([&] { return sink(node, "deaf")->optValue<int>("under_way", 0) == 1; }, 20s));
  EXPECT_EQ(node.stop(), 0) << "within the 5 s of a stop";
}

// Whatever the script of a Lua sink does when it is read, it does it beside the node's loop.
TEST_F(SinkReload, ALuaFileThatRunsForLongDoesNotHoldUpTheNode) {
  const std::filesystem::path script = cluster_.folder() / "hook.lua";
  std::ofstream(script) << "function on_event(event) end\n";
  TestNode& node = oneNode({{"sink.lua.plugin", "script"},
                            {"sink.lua.mode", "lua"},
                            {"sink.lua.script", script.string()},
                            {"sink.lua.max_instructions", "1000000000"}});
  std::ofstream(script) << "while true do end\n";
  HttpAnswer answer;
  std::atomic<bool> answered{false};
  std::thread waits([&] {
    answer = http(node.port(), {.method = "POST", .target = "/v1/sinks/lua/reload"}, 30s);
    answered = true;
  });
  while (!answered) {
    ASSERT_EQ(node.put("k", "v").status, 200);
  }
  waits.join();
  EXPECT_EQ(answer.status, 400) << answer.body;
  EXPECT_THAT(node.log(), testing::Not(HasSubstr("slow_turn")));
  ASSERT_TRUE(eventually([&] { return isDone(node, "lua"); }, 20s)) << "the old one goes on";
}

TEST_F(SinkReload, AStopOfTheNodeMeanwhileIsInTime) {
  const Hook deaf(cluster_.folder(), "deaf", "trap '' TERM\nwhile :; do sleep 1; done");
  TestNode& node = oneNode(deaf.settings("slow") +
                           Settings{{"sink.slow.events", "value_change"}, {"sink.slow.kill_after", "30s"}});
  ASSERT_EQ(node.put("k", "v").status, 200);
  ASSERT_TRUE(eventually([&] { return sink(node, "slow")->optValue<int>("under_way", 0) == 1; }, 20s));
  HttpAnswer answer;
  std::thread waits([&] { answer = reload(node, "slow"); });
  ASSERT_TRUE(eventually([&] { return text(sink(node, "slow"), "state") != "running"; }, 20s));
  EXPECT_EQ(node.stop(), 0) << "within the 5 s of a stop";
  waits.join();
  EXPECT_THAT(answer.status, testing::AnyOf(200, 503)) << answer.body;
}

}  // namespace
}  // namespace clusterkit::test
