#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "host/thread_loop.hpp"
#include "host/timer_queue.hpp"
#include "host/workers.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

TEST(UniqueFunction, OwnsMoveOnlyThingsAndFreesThemOnce) {
  auto owned = std::make_shared<int>(7);
  {
    UniqueFunction<int()> small =
        [p = std::unique_ptr<std::shared_ptr<int>>(new std::shared_ptr<int>(owned))] { return **p; };
    std::array<char, 200> much{};
    UniqueFunction<int()> large = [much, p = owned] { return *p + much[0]; };
    EXPECT_EQ(small(), 7);
    EXPECT_EQ(large(), 7);
    UniqueFunction<int()> moved = std::move(large);
    EXPECT_FALSE(large);
    EXPECT_EQ(moved(), 7);
    small = std::move(moved);
    EXPECT_EQ(small(), 7);
    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

void fireDue(TimerQueue& timers, MonotonicTime now) {
  for (const TimerId timer : timers.due(now))
    if (Task task = timers.take(timer)) task();
}

TEST(TimerQueue, FiresByTimeThenByOrderOfSetting) {
  TimerQueue timers;
  std::vector<int> fired;
  const MonotonicTime start{};
  timers.add(start + 2s, [&] { fired.push_back(2); });
  timers.add(start + 1s, [&] { fired.push_back(10); });
  timers.add(start + 1s, [&] { fired.push_back(11); });
  EXPECT_EQ(timers.nextWake(), start + 1s);
  fireDue(timers, start + 1s);
  EXPECT_THAT(fired, ElementsAre(10, 11));
  EXPECT_EQ(timers.nextWake(), start + 2s);
}

TEST(TimerQueue, APatientTimerRidesAlongAndWakesOnlyAtTheEndOfItsSlack) {
  TimerQueue timers;
  std::vector<int> fired;
  const MonotonicTime start{};
  timers.add(
      start + 1s, [&] { fired.push_back(1); }, 10s);
  timers.add(
      start + 2s, [&] { fired.push_back(2); }, 3s);
  EXPECT_EQ(timers.nextWake(), start + 5s);
  timers.add(start + 4s, [&] { fired.push_back(4); });
  EXPECT_EQ(timers.nextWake(), start + 4s) << "one without slack wakes earlier than both";
  fireDue(timers, start + 4s);
  EXPECT_THAT(fired, ElementsAre(1, 2, 4)) << "and the two that were due ride along";
}

TEST(TimerQueue, CancelIsTrueOnlyForWhatWillNotFireAnyMore) {
  TimerQueue timers;
  const MonotonicTime start{};
  const TimerId first = timers.add(start, [] {});
  const TimerId second = timers.add(start, [] {});
  EXPECT_TRUE(timers.cancel(first));
  EXPECT_FALSE(timers.cancel(first));
  EXPECT_THAT(timers.due(start), ElementsAre(second));
  EXPECT_TRUE(timers.take(second));
  EXPECT_FALSE(timers.cancel(second));
  EXPECT_FALSE(timers.take(second));
}

TEST(ThreadLoop, KeepsTheOrderOfEachPostingThread) {
  constexpr int perThread = 2000;
  RunningLoop running;
  std::vector<std::vector<int>> seen(4);
  std::vector<std::thread> posters;
  for (std::size_t t = 0; t < seen.size(); ++t)
    posters.emplace_back([&, t] {
      for (int i = 0; i < perThread; ++i) running.loop().post([&, t, i] { seen[t].push_back(i); });
    });
  for (std::thread& poster : posters) poster.join();
  running.call([] {});
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), std::size_t{perThread});
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST(ThreadLoop, NeverRunsATaskInsideThePostThatBroughtIt) {
  RunningLoop running;
  bool inside = false, ran = false;
  std::promise<void> done;
  running.loop().post([&] {
    inside = true;
    running.loop().post([&] {
      EXPECT_FALSE(inside);
      ran = true;
      done.set_value();
    });
    inside = false;
  });
  done.get_future().wait();
  EXPECT_TRUE(ran);
}

TEST(ThreadLoop, EndOfTurnComesAfterTheTasksThatWereTakenTogether) {
  ThreadLoop loop;
  std::vector<std::string> order;
  loop.post([&] {
    order.push_back("a");
    loop.atTurnEnd([&] { order.push_back("end"); });
    loop.post([&] {
      order.push_back("next turn");
      loop.stop();
    });
  });
  loop.post([&] { order.push_back("b"); });
  loop.run();
  EXPECT_THAT(order, ElementsAre("a", "b", "end", "next turn"));
}

TEST(ThreadLoop, TimersFireNotBeforeTheirTimeAndNotWhenCancelled) {
  RunningLoop running;
  std::promise<MonotonicTime> fired;
  std::atomic<bool> cancelledFired{false};
  MonotonicTime due;
  running.call([&] {
    due = running.loop().now() + 5ms;
    const TimerId never = running.loop().timerAt(due - 1ms, [&] { cancelledFired = true; });
    running.loop().timerAt(due, [&] { fired.set_value(running.loop().now()); });
    EXPECT_TRUE(running.loop().cancel(never));
    EXPECT_FALSE(running.loop().cancel(never));
  });
  EXPECT_GE(fired.get_future().get(), due);
  EXPECT_FALSE(cancelledFired);
}

TEST(ThreadLoop, ATimerThatIsDueInTheSameTurnCanStillBeCancelled) {
  ThreadLoop loop;
  std::vector<std::string> fired;
  const MonotonicTime due = loop.now() - 1ms;
  TimerId second;
  loop.timerAt(due, [&] {
    fired.push_back("first");
    EXPECT_TRUE(loop.cancel(second));
    EXPECT_FALSE(loop.cancel(second));
    loop.timerAt(due, [&] {
      fired.push_back("set by the first");
      loop.stop();
    });
  });
  second = loop.timerAt(due, [&] { fired.push_back("second"); });
  loop.timerAt(due, [&] { fired.push_back("third"); });
  loop.run();
  EXPECT_THAT(fired, ElementsAre("first", "third", "set by the first"));
}

TEST(ThreadLoop, KnowsItsOwnThread) {
  RunningLoop running;
  EXPECT_FALSE(running.loop().onLoop());
  running.call([&] { EXPECT_TRUE(running.loop().onLoop()); });
  running.stop();
  EXPECT_TRUE(running.loop().onLoop()) << "after the end whoever tears down may use what is [loop]";
}

TEST(ThreadLoop, DropsWhatHasNotBegunWhenItIsStopped) {
  auto held = std::make_shared<int>(1);
  ThreadLoop loop;
  bool ran = false;
  loop.post([&] {
    loop.stop();
    loop.post([&, held] { ran = true; });
  });
  loop.run();
  loop.post([&, held] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(ThreadLoop, CountsAndReportsSlowTasks) {
  std::vector<Duration> reported;
  ThreadLoop loop({.slowTask = 2ms, .onSlowTask = [&](Duration took) { reported.push_back(took); }});
  loop.post([] {});
  loop.post([&] {
    const MonotonicTime end = loop.now() + 3ms;
    while (loop.now() < end) {
    }
  });
  loop.post([&] { loop.stop(); });
  loop.run();
  ASSERT_EQ(reported.size(), 1U);
  EXPECT_GE(reported[0], 3ms);
  EXPECT_EQ(loop.statistics().slowTasks, 1U);
  EXPECT_EQ(loop.statistics().tasks, 3U);
  EXPECT_GE(loop.statistics().longestTask, 3ms);
}

TEST(ThreadLoop, RandomFillsEveryByteNowAndThen) {
  ThreadLoop loop;
  std::array<std::uint8_t, 16> once{}, ever{};
  for (int i = 0; i < 64; ++i) {
    loop.random(once.data(), once.size());
    for (std::size_t b = 0; b < once.size(); ++b) ever[b] = static_cast<std::uint8_t>(ever[b] | once[b]);
  }
  for (const std::uint8_t byte : ever) EXPECT_EQ(byte, 0xFF);
}

TEST(ThreadWorkers, RefusesWorkWhenTheQueueIsFull) {
  std::promise<void> gate, begun;
  std::atomic<int> ran{0};
  {
    ThreadWorkers workers({.threads = 1, .queued = 2});
    ASSERT_TRUE(workers.tryRun([&] {
      begun.set_value();
      gate.get_future().wait();
      ++ran;
    }));
    begun.get_future().wait();
    std::promise<void> last;
    EXPECT_TRUE(workers.tryRun([&] { ++ran; }));
    EXPECT_TRUE(workers.tryRun([&] {
      ++ran;
      last.set_value();
    }));
    EXPECT_FALSE(workers.tryRun([&] { ++ran; }));
    gate.set_value();
    last.get_future().wait();
  }
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace clusterkit
