#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "host/simulated_loop.hpp"
#include "host/workers.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// Three nodes that pass numbers on after random delays; the whole history as one text.
std::string historyOf(std::uint64_t seed) {
  Scheduler scheduler(seed);
  std::string history;
  std::vector<std::unique_ptr<SimulatedLoop>> nodes;
  for (int i = 0; i < 3; ++i) nodes.push_back(std::make_unique<SimulatedLoop>(scheduler));
  std::function<void(std::size_t, int)> hop = [&](std::size_t node, int left) {
    history += std::to_string(node) + "@" + std::to_string(scheduler.now().time_since_epoch().count()) + " ";
    if (left == 0) return;
    const std::uint64_t random = nodes[node]->random64();
    const std::size_t next = random % nodes.size();
    scheduler.after(Duration(random % 1'000'000),
                    [&, next, left] { nodes[next]->post([&, next, left] { hop(next, left - 1); }); });
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i]->post([&, i] { hop(i, 50); });
  scheduler.runFor(10s);
  return history;
}

TEST(Simulation, OneSeedIsOneHistory) {
  EXPECT_EQ(historyOf(42), historyOf(42));
  EXPECT_NE(historyOf(42), historyOf(43));
}

TEST(Simulation, EventsRunByTimeThenByOrderOfScheduling) {
  Scheduler scheduler(1);
  SimulatedLoop a(scheduler), b(scheduler);
  std::vector<std::string> order;
  a.timerAfter(2s, [&] { order.push_back("a2"); });
  b.timerAfter(1s, [&] { order.push_back("b1"); });
  a.timerAfter(1s, [&] { order.push_back("a1"); });
  b.post([&] { order.push_back("b0"); });
  scheduler.runFor(3s);
  EXPECT_THAT(order, ElementsAre("b0", "b1", "a1", "a2"));
}

TEST(Simulation, WhatIsDueAtOnceComesAfterWhatThatMomentWasPromisedToAndCanBeCancelled) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  std::vector<std::string> order;
  TimerId cancelled;
  node.timerAfter(1s, [&] {
    order.push_back("first");
    node.post([&] { order.push_back("posted"); });
    cancelled = node.timerAfter(0s, [&] { order.push_back("cancelled"); });
    node.timerAfter(0s, [&] { order.push_back("at once"); });
    EXPECT_TRUE(node.cancel(cancelled));
    EXPECT_FALSE(node.cancel(cancelled));
    node.timerAfter(0s, [&] { order.push_back("in its slot"); });  // which is free again
  });
  node.timerAfter(1s, [&] { order.push_back("second"); });
  scheduler.runFor(1s);
  EXPECT_THAT(order, ElementsAre("first", "second", "posted", "at once", "in its slot"));
  EXPECT_FALSE(scheduler.step());
}

TEST(Simulation, TimeJumpsFromEventToEvent) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  const MonotonicTime start = node.now();
  bool fired = false;
  node.timerAfter(24h, [&] { fired = true; });
  EXPECT_TRUE(scheduler.runUntil([&] { return fired; }, 48h));
  EXPECT_EQ(node.now() - start, 24h);
}

TEST(Simulation, RunUntilGivesUpAtItsLimit) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  int ticks = 0;
  std::function<void()> tick = [&] {
    ++ticks;
    node.timerAfter(1s, [&] { tick(); });
  };
  tick();
  EXPECT_FALSE(scheduler.runUntil([] { return false; }, 5s));
  EXPECT_EQ(ticks, 6);
}

TEST(Simulation, ACrashedNodeNeverRunsAgain) {
  Scheduler scheduler(1);
  auto node = std::make_unique<SimulatedLoop>(scheduler);
  bool ran = false;
  node->post([&] { ran = true; });
  node->timerAfter(1s, [&] { ran = true; });
  node.reset();
  scheduler.runFor(2s);
  EXPECT_FALSE(ran);
}

TEST(Simulation, ANodeMayCrashInsideItsOwnEvent) {
  Scheduler scheduler(1);
  auto node = std::make_unique<SimulatedLoop>(scheduler);
  bool ranAfter = false;
  node->post([&] {
    node->atTurnEnd([&] { ranAfter = true; });
    node.reset();
  });
  scheduler.runFor(1s);
  EXPECT_FALSE(ranAfter);
  EXPECT_EQ(node, nullptr);
}

TEST(Simulation, OneNodesTaskIsNotOnAnothersLoop) {
  Scheduler scheduler(1);
  SimulatedLoop a(scheduler), b(scheduler);
  EXPECT_TRUE(a.onLoop());
  a.post([&] {
    EXPECT_TRUE(a.onLoop());
    EXPECT_FALSE(b.onLoop());
  });
  EXPECT_TRUE(scheduler.step());
}

TEST(Simulation, EndOfTurnRunsAfterTheTaskAtTheSameTime) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  std::vector<std::string> order;
  node.post([&] {
    node.atTurnEnd([&] {
      order.push_back("end");
      node.atTurnEnd([&] { order.push_back("next end"); });
    });
    order.push_back("task");
  });
  node.post([&] { order.push_back("later task"); });
  scheduler.runFor(0s);
  EXPECT_THAT(order, ElementsAre("task", "end", "later task", "next end"));
}

TEST(Simulation, CancelledTimersStaySilentAndFiredOnesCannotBeCancelled) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  int fired = 0;
  const TimerId cancelled = node.timerAfter(1s, [&] { ++fired; });
  const TimerId kept = node.timerAfter(1s, [&] { ++fired; });
  EXPECT_TRUE(node.cancel(cancelled));
  scheduler.runFor(2s);
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(node.cancel(kept));
}

TEST(Simulation, AShiftedWallClockMovesNoTimer) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  const WallTime before = node.wall();
  int fired = 0;
  node.timerAfter(10s, [&] { ++fired; });
  node.shiftWall(1h);
  scheduler.runFor(5s);
  EXPECT_EQ(node.wall() - before, 1h + 5s);
  EXPECT_EQ(fired, 0);
  scheduler.runFor(5s);
  EXPECT_EQ(fired, 1);
}

TEST(Simulation, AFrozenNodeDoesEverythingAfterwardsInItsOrder) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler), other(scheduler);
  std::vector<std::string> order;
  node.timerAfter(2s, [&] { order.push_back("2s"); });
  node.timerAfter(1s, [&] { order.push_back("1s"); });
  const TimerId cancelled = node.timerAfter(1s, [&] { order.push_back("cancelled"); });
  other.timerAfter(3s, [&] { order.push_back("other 3s"); });
  node.freezeFor(5s);
  scheduler.runFor(4s);
  EXPECT_THAT(order, ElementsAre("other 3s"));
  EXPECT_TRUE(node.cancel(cancelled));
  scheduler.runFor(1s);
  EXPECT_THAT(order, ElementsAre("other 3s", "1s", "2s"));
}

TEST(Simulation, WhatIsDueAtOnceForAFrozenNodeWaitsAndHoldsUpNobodyElse) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler), other(scheduler);
  std::vector<std::string> order;
  node.freezeFor(5s);
  node.post([&] { order.push_back("a"); });
  const TimerId cancelled = node.timerAfter(0s, [&] { order.push_back("cancelled"); });
  other.post([&] { order.push_back("other"); });
  node.post([&] { order.push_back("b"); });
  scheduler.runFor(4s);
  EXPECT_THAT(order, ElementsAre("other"));
  EXPECT_TRUE(node.cancel(cancelled));
  scheduler.runFor(1s);
  EXPECT_THAT(order, ElementsAre("other", "a", "b"));
}

TEST(Simulation, WorkersRunOnTheLoop) {
  Scheduler scheduler(1);
  SimulatedLoop node(scheduler);
  LoopWorkers workers(node);
  bool ran = false;
  EXPECT_TRUE(workers.tryRun([&] { ran = true; }));
  EXPECT_FALSE(ran);
  scheduler.step();
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace clusterkit
