// Hook sinks on real nodes: every event, on every node, in the order of the log, at least once.
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;

struct Told {
  std::uint64_t seq = 0;
  std::string type;
  Poco::JSON::Object::Ptr json;
};

std::string text(const Poco::JSON::Object::Ptr& json, const std::string& name) {
  return json->has(name) ? json->get(name).toString() : "(missing)";
}

// A hook that appends each event to a file, and the file.
class Hook {
 public:
  Hook(const std::filesystem::path& folder, const std::string& name, const std::string& before = "")
      : script_(folder / (name + ".sh")), file_(folder / (name + ".events")) {
    std::ofstream(script_) << "#!/bin/sh\n"
                           << before
                           << "\n# Nothing comes when the node dies first.\nread -r event || exit 1\nprintf "
                              "'%s\\n' \"$event\" >>'"
                           << file_.string() << "'\n";
    std::filesystem::permissions(script_, std::filesystem::perms::owner_all);
  }

  Settings settings(const std::string& sink = "audit") const {
    return {{"sink." + sink + ".plugin", "script"}, {"sink." + sink + ".command", script_.string()}};
  }
  std::vector<Told> told() const {
    std::vector<Told> out;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line) && !in.eof();) {  // the last line may be half written
      Poco::JSON::Parser parser;
      auto json = parser.parse(line).extract<Poco::JSON::Object::Ptr>();
      out.push_back({json->getValue<std::uint64_t>("seq"), text(json, "type"), json});
    }
    return out;
  }
  std::vector<Told> told(const std::string& type) const {
    std::vector<Told> out;
    for (Told& event : told())
      if (event.type == type) out.push_back(event);
    return out;
  }

 private:
  std::filesystem::path script_, file_;
};

Settings operator+(Settings a, const Settings& b) {
  a.insert(b.begin(), b.end());
  return a;
}

Poco::JSON::Object::Ptr sink(const TestNode& node, const std::string& name = "audit") {
  return node.json("/v1/sinks/" + name);
}

bool isDone(const TestNode& node, const std::string& name = "audit") {
  const auto status = sink(node, name);
  return status->has("lag") && status->getValue<int>("lag") == 0 && status->getValue<int>("newest") > 0;
}

void expectNoGap(const std::vector<Told>& told) {
  for (std::size_t i = 1; i < told.size(); ++i)
    ASSERT_EQ(told[i].seq, told[i - 1].seq + 1) << "event " << i << ", a " << told[i].type;
}

// The types from this event on, runs of partition changes shortened to one.
std::vector<std::string> story(const std::vector<Told>& told, std::uint64_t from) {
  std::vector<std::string> out;
  for (const Told& event : told) {
    if (event.seq < from) continue;
    if (event.type == "partition_change" && !out.empty() && out.back() == "partition_change") continue;
    out.push_back(event.type);
  }
  return out;
}

class HookedCluster : public ::testing::Test {
 protected:
  TestNode& addHooked(const Settings& settings = {}) {
    const std::string name = "node-" + std::to_string(cluster_.size() + 1);
    hooks_.push_back(std::make_unique<Hook>(cluster_.folder(), name));
    return cluster_.addStarted(hooks_.back()->settings() + settings);
  }
  void startThreeHooked(const Settings& settings = {}) {
    for (std::size_t n = 1; n <= 3; ++n) {
      addHooked(settings);
      ASSERT_TRUE(eventually([&] { return cluster_.allActive(n); }, 20s));
    }
    ASSERT_TRUE(eventually([&] { return cluster_.balanced(3); }, 20s));
  }
  Hook& hook(std::size_t number) { return *hooks_.at(number - 1); }
  std::uint64_t newest(const TestNode& node) { return sink(node)->getValue<std::uint64_t>("newest"); }
  bool allDone() {
    for (TestNode* node : cluster_.running())
      if (!isDone(*node)) return false;
    return true;
  }

  TestCluster cluster_;
  std::vector<std::unique_ptr<Hook>> hooks_;
};

TEST_F(HookedCluster, TheFoundersHookIsToldOfEverythingFromItsOwnJoinOnWithAllFields) {
  TestNode& node = addHooked();
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const auto told = hook(1).told();
  expectNoGap(told);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].type, "node_join");
  EXPECT_EQ(text(told[0].json, "is_bootstrap"), "true");
  EXPECT_EQ(text(told[0].json, "cluster_size"), "1");
  const auto changes = hook(1).told("partition_change");
  EXPECT_EQ(changes.size(), 64u);
  EXPECT_EQ(text(changes[0].json, "copy_to_node"), "node-1");
  EXPECT_EQ(text(changes[0].json, "new_primary"), "node-1");
}

TEST_F(HookedCluster, EveryNodeIsToldTheSameOfCrashReturnAndRebalanceInTheDocumentedOrder) {
  startThreeHooked({{"rebalance.grace", "1s"}});
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  TestNode& victim = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  TestNode& witness = cluster_.node(1);
  const std::uint64_t crashFrom = newest(witness) + 1;
  victim.kill9();
  ASSERT_TRUE(eventually([&] { return witness.status(victim.id()) == "down"; }, 20s));
  ASSERT_TRUE(eventually([&] { return isDone(witness); }, 20s));

  const auto left = hook(1).told("node_leave");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(text(left[0].json, "reason"), "health_check_failure");
  EXPECT_EQ(text(left[0].json->getObject("node"), "id"), victim.id());
  const auto owned = left[0].json->getArray("partitions_owned");
  EXPECT_GT(owned->size(), 0u);
  for (const Told& change : hook(1).told("partition_change")) {
    if (change.seq < crashFrom) continue;
    EXPECT_NE(text(change.json, "new_primary"), victim.id());
    EXPECT_GT(change.json->getArray("copy_from_nodes")->size(), 0u) << change.seq;
  }

  const std::uint64_t returnFrom = newest(witness) + 1;
  victim.start();
  ASSERT_TRUE(eventually([&] { return cluster_.allActive(3); }, 20s));
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  const auto back = hook(1).told("node_rejoin");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_GT(back[0].json->getValue<std::int64_t>("offline_duration_ms"), 1000);
  EXPECT_EQ(back[0].json->getArray("partitions_before_leave")->size(), 64u);
  const auto story1 = story(hook(1).told(), returnFrom);
  ASSERT_FALSE(story1.empty());
  EXPECT_EQ(story1[0], "node_rejoin") << "before any rebalance";

  const HttpAnswer byHand = witness.send({.method = "POST", .target = "/v1/rebalance"});
  if (byHand.status == 202) {
    ASSERT_TRUE(eventually([&] { return !hook(1).told("rebalance_complete").empty() && allDone(); }, 20s));
  }

  // The same events, byte for byte, on all nodes, as far back as each was there.
  std::map<std::uint64_t, std::string> first;
  for (const Told& event : hook(1).told()) {
    std::ostringstream out;
    event.json->stringify(out);
    first[event.seq] = out.str();
  }
  for (std::size_t n = 1; n <= 3; ++n) {
    const auto told = hook(n).told();
    expectNoGap(told);
    for (const Told& event : told) {
      std::ostringstream out;
      event.json->stringify(out);
      EXPECT_EQ(out.str(), first[event.seq]) << "node-" << n << ", event " << event.seq;
    }
  }
}

TEST_F(HookedCluster, DrainAndRemovalAreToldWithTheirReasons) {
  startThreeHooked();
  TestNode& gone = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  ASSERT_EQ(cluster_.leader()
                    .send({.method = "DELETE", .target = "/v1/nodes/" + gone.id() + "?lose_last_copies=true"})
                    .status /
                100,
            2);
  TestNode& witness = cluster_.node(1);
  ASSERT_TRUE(eventually([&] { return !hook(1).told("node_leave").empty(); }, 20s));
  EXPECT_EQ(text(hook(1).told("node_leave")[0].json, "reason"), "removed_by_admin");
  ASSERT_TRUE(eventually([&] { return isDone(witness); }, 20s));
  expectNoGap(hook(1).told());
}

TEST_F(HookedCluster, ADrainedNodeLeavesAndADepartingOneDoesSoOnSigterm) {
  startThreeHooked({{"node.leave_on_stop", "true"}});
  TestNode& leader = cluster_.leader();
  TestNode& witness = leader.id() == "node-1" ? cluster_.node(2) : cluster_.node(1);
  Hook& told = *hooks_[witness.id() == "node-1" ? 0 : 1];
  EXPECT_EQ(leader.stop(), 0) << "within the 5 s of a stop";
  ASSERT_TRUE(eventually([&] { return witness.status(leader.id()) == "left"; }, 20s));
  ASSERT_TRUE(eventually([&] { return !told.told("node_leave").empty(); }, 20s));
  EXPECT_EQ(text(told.told("node_leave")[0].json, "reason"), "graceful_shutdown");
  for (const auto& [partition, owners] : witness.owners())
    EXPECT_THAT(owners, Not(testing::Contains(leader.id()))) << partition;

  leader.start();
  ASSERT_TRUE(eventually([&] { return witness.status(leader.id()) == "active"; }, 20s));
  ASSERT_TRUE(eventually([&] { return cluster_.balanced(3); }, 20s)) << "it has its share again";
  EXPECT_EQ(told.told("node_rejoin").size(), 1u);

  ASSERT_EQ(witness.send({.method = "POST", .target = "/v1/nodes/node-3/drain"}).status, 200);
  if (leader.id() != "node-3") {
    ASSERT_TRUE(eventually([&] { return witness.status("node-3") == "left"; }, 20s));
  }
}

// Writes until told to stop, so that there is always something to deliver.
class Writes {
 public:
  explicit Writes(std::uint16_t port)
      : thread_([this, port] {
          for (int i = 0; !stop_ && i < 100000; ++i) {
            (void)http(port, {.method = "PUT", .target = "/v1/kv/w", .body = std::to_string(i)}, 2s);
            std::this_thread::yield();
          }
        }) {}
  ~Writes() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(HookedCluster, KillNineDuringDeliveryLosesNothingKeepsTheOrderAndRepeatsOnlyWhatWasUnderWay) {
  const int rounds =
      std::getenv("CLUSTERKIT_KILLS") != nullptr ? std::atoi(std::getenv("CLUSTERKIT_KILLS")) : 15;
  startThreeHooked();
  TestNode& victim = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  Hook& hook = *hooks_[victim.id() == "node-3" ? 2 : 1];
  {
    Writes writes(cluster_.leader().port());
    for (int round = 0; round < rounds; ++round) {
      const std::size_t goal = hook.told().size() + 5 + static_cast<std::size_t>(round * 7 % 11);
      ASSERT_TRUE(eventually([&] { return hook.told().size() >= goal; }, 20s)) << "round " << round;
      victim.kill9();
      victim.start();
      ASSERT_TRUE(eventually([&] { return victim.ready(); }, 20s)) << "round " << round;
    }
  }
  ASSERT_TRUE(eventually([&] { return isDone(victim); }, 60s));
  const auto told = hook.told();
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < told.size(); ++i) {
    if (told[i].seq == told[i - 1].seq) {
      ++repeats;
      continue;
    }
    ASSERT_EQ(told[i].seq, told[i - 1].seq + 1) << "at " << i;
  }
  EXPECT_LE(repeats, static_cast<std::size_t>(rounds)) << "one event can be under way at each kill";
}

TEST_F(HookedCluster, ASlowHookHoldsUpNobodyAndEvictsNobody) {
  const Hook slow(cluster_.folder(), "slow", "sleep 10");
  startThreeHooked(slow.settings("slow"));
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(cluster_.node(1).get("/v1/lookup?key=user:123").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 10s) << "lookups do not wait for a hook";
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s)) << "nor does another sink of the same node";
  EXPECT_TRUE(cluster_.allActive(3));
  EXPECT_TRUE(hook(1).told("node_leave").empty());
  EXPECT_LE(slow.told().size(), 12u);
  EXPECT_EQ(cluster_.node(1).stop(), 0) << "within the 5 s of a stop";
}

TEST_F(HookedCluster, ASinkOfTheLeaderIsServedOnceAndByTheNextLeaderWhereTheLastOneStopped) {
  const Hook once(cluster_.folder(), "once");
  startThreeHooked(once.settings("once") + Settings{{"sink.once.scope", "leader"}});
  const std::string first = cluster_.leader().id();
  ASSERT_TRUE(eventually([&] { return isDone(cluster_.leader(), "once"); }, 20s));
  {
    Writes writes(cluster_.byId(first == "node-1" ? "node-2" : "node-1").port());
    const std::size_t goal = once.told().size() + 20;
    ASSERT_TRUE(eventually([&] { return once.told().size() >= goal; }, 20s));
    cluster_.byId(first).kill9();
    ASSERT_TRUE(eventually([&] { return once.told().size() >= goal + 60; }, 30s));
  }
  TestNode* second = nullptr;
  ASSERT_TRUE(eventually(
      [&] {
        for (TestNode* node : cluster_.running())
          if (node->leader() != first && !node->leader().empty()) second = &cluster_.byId(node->leader());
        return second != nullptr && isDone(*second, "once");
      },
      20s));
  const auto told = once.told();
  std::set<std::uint64_t> seqs;
  for (const Told& event : told) seqs.insert(event.seq);
  EXPECT_EQ(seqs.size(), *seqs.rbegin() - *seqs.begin() + 1) << "no event is missing";
  EXPECT_LE(told.size() - seqs.size(), 3u) << "repeated is at most what was not yet replicated";
}

TEST_F(HookedCluster, AHookThatAlwaysFailsEndsInTheDeadLettersAndTheNextOneGoesOn) {
  const Hook bad(cluster_.folder(), "bad", "exit 1");
  TestNode& node = addHooked(bad.settings("bad") + Settings{{"sink.bad.events", "value_change"},
                                                            {"sink.bad.max_attempts", "2"},
                                                            {"sink.bad.backoff", "10ms"}});
  ASSERT_TRUE(eventually([&] { return node.put("k", "v").status == 200; }, 20s));
  ASSERT_TRUE(
      eventually([&] { return sink(node, "bad")->optValue<int>("dead_letters_total", 0) == 1; }, 20s));
  const std::string letter = readFile(node.dataDir() / "dead-letters" / "bad.jsonl");
  EXPECT_THAT(letter, testing::HasSubstr("\"attempts\":2"));
  EXPECT_THAT(letter, testing::HasSubstr("\"key\":\"k\""));
  ASSERT_TRUE(eventually([&] { return isDone(node, "bad") && isDone(node); }, 20s));
}

TEST_F(HookedCluster, ASinkIsPausedResumedAndReplayedOverTheApi) {
  TestNode& node = addHooked();
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const auto post = [&](const std::string& what) {
    return node.send({.method = "POST", .target = "/v1/sinks/audit/" + what}).status;
  };
  EXPECT_EQ(post("pause"), 200);
  ASSERT_EQ(node.put("while", "paused").status, 200);
  node.kill9();
  node.start();
  ASSERT_TRUE(eventually([&] { return sink(node)->optValue<std::string>("state", "") == "paused"; }, 20s));
  EXPECT_TRUE(hook(1).told("value_change").empty());
  EXPECT_EQ(post("resume"), 200);
  ASSERT_TRUE(eventually([&] { return hook(1).told("value_change").size() == 1; }, 20s));
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const std::size_t before = hook(1).told().size();
  EXPECT_EQ(post("replay?since=3"), 200);
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const auto told = hook(1).told();
  ASSERT_GT(told.size(), before);
  EXPECT_EQ(told[before].seq, 4u);
  expectNoGap({told.begin() + static_cast<std::ptrdiff_t>(before), told.end()});
  EXPECT_EQ(post("replay?since=999999"), 400);
  EXPECT_EQ(post("replay"), 400);
  EXPECT_EQ(node.send({.method = "POST", .target = "/v1/sinks/nobody/pause"}).status, 404);
}

TEST_F(HookedCluster, ASinkThatWasAwayLongerThanTheHistoryIsToldOfTheGap) {
  TestNode& node = addHooked({{"events.retain", "100"}});
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  ASSERT_EQ(node.send({.method = "POST", .target = "/v1/sinks/audit/pause"}).status, 200);
  const std::uint64_t stopped = hook(1).told().back().seq;
  for (int i = 0; i < 150; ++i) ASSERT_EQ(node.put("k", std::to_string(i)).status, 200);
  ASSERT_EQ(node.send({.method = "POST", .target = "/v1/sinks/audit/resume"}).status, 200);
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 30s));
  const auto gaps = hook(1).told("gap");
  ASSERT_EQ(gaps.size(), 1u);
  EXPECT_EQ(gaps[0].json->getValue<std::uint64_t>("from_seq"), stopped + 1);
  const auto told = hook(1).told();
  EXPECT_EQ(told.back().seq, stopped + 150);
}

}  // namespace
}  // namespace clusterkit::test
