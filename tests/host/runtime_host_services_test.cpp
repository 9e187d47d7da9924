#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "host/host_services.hpp"
#include "host/thread_loop.hpp"
#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::RecordingLog;

struct SimulatedHost : ::testing::Test {
  Scheduler scheduler{1};
  SimulatedLoop loop{scheduler};
  LoopWorkers workers{loop};
  RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults{log, metrics};
  TokenTable tokens{loop, faults};
  std::vector<std::string> fatals;
  HostServices services{{"sink", "script", "audit"},
                        {loop, workers, log, metrics, faults, tokens},
                        [this](const Failure& why) { fatals.push_back(why.text); }};
  Host host{services.table()};
};

void increment(void* counter) noexcept { ++*static_cast<int*>(counter); }

TEST_F(SimulatedHost, TimersPostsAndOffloadedWorkRunOnTheLoop) {
  int runs = 0;
  const ck_host* const h = host.raw();
  h->post(h->cx, increment, &runs);
  EXPECT_EQ(h->offload(h->cx, increment, increment, &runs), CK_OK);
  const std::uint64_t kept = h->timer_at(h->cx, h->now(h->cx) + 1'000'000, increment, &runs);
  const std::uint64_t cancelled = h->timer_at(h->cx, h->now(h->cx) + 1'000'000, increment, &runs);
  EXPECT_NE(kept, 0U);
  EXPECT_EQ(h->timer_cancel(h->cx, cancelled), 1);
  EXPECT_EQ(h->timer_cancel(h->cx, cancelled), 0);
  EXPECT_EQ(runs, 0);
  scheduler.runFor(1s);
  EXPECT_EQ(runs, 4);
}

TEST_F(SimulatedHost, TheTombstoneIgnoresEveryCall) {
  int runs = 0, drops = 0;
  const ck_host* const h = host.raw();
  h->post(h->cx, increment, &runs);
  h->timer_at(h->cx, h->now(h->cx), increment, &runs);
  ASSERT_TRUE(services.close(0s));
  scheduler.runFor(1s);
  EXPECT_EQ(runs, 0) << "what was posted before is dropped";

  h->post(h->cx, increment, &runs);
  EXPECT_EQ(h->offload(h->cx, increment, increment, &runs), CK_CANCELLED);
  EXPECT_NE(h->timer_at(h->cx, 0, increment, &runs), 0U);
  EXPECT_GT(h->now(h->cx), 0U) << "time goes on, for what a plugin waits for in destroy";
  EXPECT_EQ(h->log_enabled(h->cx, CK_LOG_ERROR), 0);
  EXPECT_EQ(h->iface(h->cx, CK_STORE_HOST), nullptr);
  host.log(CK_LOG_ERROR, "ignored");
  host.count("ignored");
  host.fatal(makeError(CK_FATAL, "ignored"));
  ck_result result{};
  result.size = sizeof result;
  result.payload_take = {nullptr, 0, &drops,
                         [](ck_buf* self) noexcept { ++*static_cast<int*>(self->owner); }};
  EXPECT_EQ(h->complete(h->cx, 1, &result), CK_STALE);
  EXPECT_EQ(drops, 1) << "the payload is taken all the same";
  scheduler.runFor(1s);
  EXPECT_EQ(runs, 0);
  EXPECT_TRUE(fatals.empty());
  EXPECT_TRUE(log.lines.empty());
}

TEST_F(SimulatedHost, FatalIsToldOnceAndNotInsideTheCall) {
  host.fatal(makeError(CK_IO, "disk gone"));
  host.fatal(makeError(CK_IO, "again"));
  EXPECT_TRUE(fatals.empty());
  scheduler.runFor(0s);
  EXPECT_THAT(fatals, ::testing::ElementsAre("disk gone"));
}

TEST_F(SimulatedHost, LogLinesNameThePlugin) {
  host.log(CK_LOG_WARN, "odd_thing", {{"n", 3}});
  EXPECT_TRUE(log.has("warn odd_thing plugin=\"sink script (audit)\" n=3"));
}

TEST_F(SimulatedHost, NullFunctionsAndForeignLoopsAreFaults) {
  const ck_host* const h = host.raw();
  h->post(h->cx, nullptr, nullptr);
  EXPECT_EQ(h->offload(h->cx, nullptr, nullptr, nullptr), CK_INVALID);
  h->timer_at(h->cx, 0, nullptr, nullptr);
  SimulatedLoop another(scheduler);
  another.post([&] { h->timer_at(h->cx, 0, increment, nullptr); });
  scheduler.step();
  EXPECT_EQ(faults.total(), 4U);
  EXPECT_TRUE(log.has("called outside of the loop"));
}

TEST_F(SimulatedHost, OneMetricNameHasOneKindAndNamesAreBounded) {
  host.count("things_total");
  EXPECT_EQ(faults.total(), 0U);
  host.gauge("things_total", 1);
  EXPECT_EQ(faults.total(), 1U);
  for (int i = 0; i < 300; ++i) host.count(("name" + std::to_string(i)).c_str());
  EXPECT_EQ(faults.total(), 1U + 300 - 255);
}

TEST(HostOfThreads, CloseWaitsForWorkThatIsRunning) {
  RunningLoop running;
  ThreadWorkers workers;
  RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults(log, metrics);
  TokenTable tokens(running.loop(), faults);
  HostServices services({"store", "fake", "store"}, {running.loop(), workers, log, metrics, faults, tokens},
                        {});
  struct Work {
    std::promise<void> begun, gate;
    std::atomic<bool> ended{false};
  } work;
  const ck_host* const h = services.table();
  ASSERT_EQ(h->offload(
                h->cx,
                [](void* arg) noexcept {
                  auto& w = *static_cast<Work*>(arg);
                  w.begun.set_value();
                  w.gate.get_future().wait();
                  w.ended = true;
                },
                [](void*) noexcept { FAIL() << "done of a closed instance"; }, &work),
            CK_OK);
  work.begun.get_future().wait();
  EXPECT_FALSE(services.close(1ms)) << "the work still runs";
  work.gate.set_value();
  EXPECT_TRUE(services.close(30s));
  EXPECT_TRUE(work.ended);
}

TEST(HostOfThreads, StrayThreadsMayCallWhileTheInstanceIsClosedAndEverythingElseIsGone) {
  RecordingLog log;
  NoMetrics metrics;
  std::atomic<bool> end{false};
  std::atomic<std::uint64_t> calls{0};
  const ck_host* h = nullptr;
  std::vector<std::thread> strays;
  {
    RunningLoop running;
    ThreadWorkers workers;
    PluginFaults faults(log, metrics);
    TokenTable tokens(running.loop(), faults);
    HostServices services({"store", "fake", "store"}, {running.loop(), workers, log, metrics, faults, tokens},
                          {});
    h = services.table();
    for (int t = 0; t < 3; ++t)
      strays.emplace_back([&, h] {
        ck_result result{};
        result.size = sizeof result;
        while (!end) {
          h->now(h->cx);
          h->complete(h->cx, 99, &result);
          h->post(
              h->cx, [](void*) noexcept {}, nullptr);
          ++calls;
        }
      });
    while (calls < 100) std::this_thread::yield();
    ASSERT_TRUE(services.close(30s));
  }
  const std::uint64_t before = calls;
  while (calls < before + 100) std::this_thread::yield();
  end = true;
  for (std::thread& stray : strays) stray.join();
  EXPECT_GT(h->now(h->cx), 0U) << "time goes on, for what a plugin waits for in destroy";
}

}  // namespace
}  // namespace clusterkit
