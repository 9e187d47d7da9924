// Hook sinks under what may go wrong: kills, slowness, failure, a history that is cut.
#include <atomic>
#include <iostream>
#include <set>
#include <thread>

#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {
namespace {

// Writes at a steady rate until told to stop, so that there is always something to deliver. One event a
// write.
class Writes {
 public:
  explicit Writes(std::uint16_t port, int perSecond = 200) : start_(std::chrono::steady_clock::now()) {
    for (int writer = 0; writer < kWriters; ++writer)
      threads_.emplace_back([this, port, perSecond, writer] {
        for (int i = writer; !stop_; i += kWriters) {
          std::this_thread::sleep_until(start_ + 1s * i / perSecond);
          const std::string target = "/v1/kv/w" + std::to_string(writer);
          if (http(port, {.method = "PUT", .target = target, .body = std::to_string(i)}, 2s).status == 200)
            ++done_;
        }
      });
  }
  ~Writes() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  double perSecond() const {
    return done_ / std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  static constexpr int kWriters = 4;
  const std::chrono::steady_clock::time_point start_;
  std::atomic<int> done_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// In order, without a hole, to the last one; one event can be under way at each kill, and is told again.
void expectAllToldOverKills(const std::vector<Told>& told, std::uint64_t newest, std::size_t kills) {
  std::size_t repeats = 0;
  for (std::size_t i = 1; i < told.size(); ++i) {
    if (told[i].seq == told[i - 1].seq) {
      ++repeats;
      continue;
    }
    ASSERT_EQ(told[i].seq, told[i - 1].seq + 1) << "at " << i;
  }
  EXPECT_EQ(told.back().seq, newest);
  EXPECT_LE(repeats, kills);
}

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
    std::cout << rounds << " kills under " << writes.perSecond() << " events a second\n";
  }
  ASSERT_TRUE(eventually([&] { return isDone(victim); }, 120s));
  expectAllToldOverKills(hook.told(), newest(victim), static_cast<std::size_t>(rounds));
}

std::size_t occurrences(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST_F(HookedCluster, AHookOfANodeThatDiesInDeliveryAndCatchesUpByASnapshotMissesNothing) {
  startThreeHooked({{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}});
  TestNode& victim = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  Hook& hook = *hooks_[victim.id() == "node-3" ? 2 : 1];
  const std::size_t kills = 3;
  for (std::size_t round = 0; round < kills; ++round) {
    ASSERT_TRUE(eventually([&] { return cluster_.allActive(3); }, 20s));
    TestNode& leader = cluster_.leader();
    const std::size_t goal = hook.told().size() + 20;
    {
      const Writes writes(leader.port());
      ASSERT_TRUE(eventually([&] { return hook.told().size() >= goal; }, 20s));
      ASSERT_TRUE(eventually([&] { return occurrences(victim.log(), "snapshot_written") > 0; }, 20s));
      victim.kill9();
      const std::uint64_t away = newest(leader) + 150;
      ASSERT_TRUE(eventually([&] { return newest(leader) >= away; }, 20s));
    }
    // Else the others' transports may still hold what it missed, and the leader its log since it began to
    // send.
    for (TestNode* other : cluster_.running()) {
      EXPECT_EQ(other->stop(), 0);
      other->start();
      ASSERT_TRUE(eventually([&] { return other->ready(); }, 20s));
    }
    const std::size_t before = occurrences(victim.log(), "snapshot_restored");
    victim.start();
    ASSERT_TRUE(
        eventually([&] { return victim.ready() && newest(victim) == newest(cluster_.leader()); }, 60s));
    EXPECT_GT(occurrences(victim.log(), "snapshot_restored"), before + 1) << "its own, and then the leader's";
  }
  ASSERT_TRUE(eventually([&] { return isDone(victim); }, 60s));
  expectAllToldOverKills(hook.told(), newest(victim), kills);
  EXPECT_TRUE(hook.told("gap").empty());
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
  ASSERT_TRUE(eventually([&] { return isDone(node, "bad") && isDone(node); }, 20s));
  const std::string letter = readFile(node.dataDir() / "dead-letters" / "bad.jsonl");
  EXPECT_THAT(letter, testing::HasSubstr("\"attempts\":2"));
  EXPECT_THAT(letter, testing::HasSubstr("\"key\":\"k\""));
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
  const auto again = std::find_if(told.begin() + static_cast<std::ptrdiff_t>(before), told.end(),
                                  [](const Told& event) { return event.seq == 4; });
  ASSERT_NE(again, told.end());
  expectNoGap({again, told.end()});
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
