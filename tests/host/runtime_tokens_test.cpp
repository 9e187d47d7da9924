#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "host/simulated_loop.hpp"
#include "host/thread_loop.hpp"
#include "host/tokens.hpp"
#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::RecordingLog;
using ::testing::ElementsAre;

struct Tokens : ::testing::Test {
  ck_status complete(const PluginName& by, ck_token token, ck_status status = CK_OK, Buffer payload = {}) {
    ck_result result{};
    result.size = sizeof result;
    result.status = status;
    result.value0 = token;
    result.payload_take = payload.release();
    result.error = makeError(status, "because");
    return table.complete(by, token, &result);
  }
  TokenUse use() const { return {&store, Status::Unknown}; }
  CallHandler note(std::vector<std::string>& to, std::string what) {
    return [&to, what](CallOutcome outcome) { to.push_back(what + " " + std::string(name(outcome.status))); };
  }
  // A payload whose drops are counted.
  Buffer counted() {
    return Buffer(ck_buf{reinterpret_cast<const std::uint8_t*>("x"), 1, &drops,
                         [](ck_buf* self) noexcept { ++*static_cast<int*>(self->owner); }});
  }

  Scheduler scheduler{1};
  SimulatedLoop loop{scheduler};
  RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults{log, metrics};
  TokenTable table{loop, faults};
  PluginName store{"store", "fake", "store"};
  PluginName other{"transport", "fake", "transport"};
  std::vector<std::string> ended;
  int drops = 0;
};

TEST_F(Tokens, AHandlerRunsOnTheLoopAndNeverInsideTheCompletion) {
  const ck_token token = table.issue(use(), note(ended, "call"));
  ASSERT_NE(token, 0U);
  EXPECT_EQ(complete(store, token), CK_OK);
  EXPECT_TRUE(ended.empty());
  scheduler.runFor(0s);
  EXPECT_THAT(ended, ElementsAre("call ok"));
  EXPECT_EQ(table.live(), 0U);
}

TEST_F(Tokens, ValuesPayloadAndReasonArriveAndThePayloadIsDroppedOnce) {
  std::string text;
  std::uint64_t value = 0;
  const ck_token token = table.issue(use(), [&](CallOutcome outcome) {
    EXPECT_EQ(outcome.status, Status::NoSpace);
    EXPECT_EQ(outcome.payload.bytes(), "x");
    text = outcome.text;
    value = outcome.value0;
  });
  complete(store, token, CK_NO_SPACE, counted());
  scheduler.runFor(0s);
  EXPECT_EQ(text, "because");
  EXPECT_EQ(value, token);
  EXPECT_EQ(drops, 1);
}

TEST_F(Tokens, ASecondCompletionIsStaleReportedAndItsPayloadDropped) {
  const ck_token token = table.issue(use(), note(ended, "call"));
  complete(store, token);
  EXPECT_EQ(complete(store, token, CK_OK, counted()), CK_STALE);
  scheduler.runFor(0s);
  EXPECT_EQ(complete(store, token, CK_OK, counted()), CK_STALE);
  EXPECT_THAT(ended, ElementsAre("call ok"));
  EXPECT_EQ(drops, 2);
  EXPECT_EQ(faults.total(), 2U);
  EXPECT_TRUE(log.has("twice or too late"));
}

TEST_F(Tokens, UnknownTokensAreStale) {
  EXPECT_EQ(complete(store, 0), CK_STALE);
  EXPECT_EQ(complete(store, 12345, CK_OK, counted()), CK_STALE);
  EXPECT_EQ(complete(store, ~ck_token{0}), CK_STALE);
  EXPECT_EQ(drops, 1);
  EXPECT_EQ(faults.total(), 3U);
}

TEST_F(Tokens, OnlyTheInstanceThatGotATokenMayCompleteIt) {
  const ck_token token = table.issue(use(), note(ended, "call"));
  EXPECT_EQ(complete(other, token), CK_STALE);
  scheduler.runFor(0s);
  EXPECT_TRUE(ended.empty());
  EXPECT_EQ(complete(store, token), CK_OK);
}

TEST_F(Tokens, AResultThatIsMissingOrTooShortIsRefused) {
  const ck_token token = table.issue(use(), note(ended, "call"));
  EXPECT_EQ(table.complete(store, token, nullptr), CK_INVALID);
  ck_result shorter{};
  shorter.size = 8;
  EXPECT_EQ(table.complete(store, token, &shorter), CK_INVALID);
  EXPECT_EQ(table.live(), 1U);
}

TEST_F(Tokens, AnUnboundTokenCanBeBoundOnceAndOnlyThenCompleted) {
  const ck_token token = table.issue({}, note(ended, "call"));
  EXPECT_EQ(complete(store, token), CK_STALE);
  EXPECT_TRUE(table.bind(token, use()));
  EXPECT_FALSE(table.bind(token, use()));
  EXPECT_EQ(complete(store, token), CK_OK);
  EXPECT_FALSE(table.bind(token, use()));
}

TEST_F(Tokens, ARangeHasConsecutiveNumbersAlsoBehindLongLivedOnes) {
  std::vector<ck_token> longLived;
  for (int i = 0; i < 40; ++i) {
    longLived.push_back(table.issue(use(), note(ended, "long")));
    complete(store, table.issue(use(), note(ended, "short")));
  }
  for (int round = 0; round < 50; ++round) {
    std::vector<CallHandler> handlers;
    std::vector<ck_token> seen(30);
    for (std::size_t i = 0; i < seen.size(); ++i)
      handlers.push_back([&seen, i](CallOutcome outcome) { seen[i] = outcome.value0; });
    const ck_token first = table.issueRange(use(), handlers);
    for (std::size_t i = seen.size(); i-- > 0;) ASSERT_EQ(complete(store, first + i), CK_OK);
    scheduler.runFor(0s);
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], first + i);
  }
  for (const ck_token token : longLived) EXPECT_EQ(complete(store, token), CK_OK);
  EXPECT_EQ(table.live(), 0U);
  EXPECT_EQ(faults.total(), 0U);
}

TEST_F(Tokens, WhatADeadInstanceOwesEndsInOrderWithItsOwnStatus) {
  const ck_token proposal = table.issue({&store, Status::Unknown}, note(ended, "proposal"));
  table.issue({&store, Status::Unavailable}, note(ended, "barrier"));
  const ck_token foreign = table.issue({&other, Status::Unknown}, note(ended, "foreign"));
  table.cancelAll(store);
  scheduler.runFor(0s);
  EXPECT_THAT(ended, ElementsAre("proposal unknown", "barrier unavailable"));
  EXPECT_EQ(complete(store, proposal), CK_STALE);
  EXPECT_EQ(complete(other, foreign), CK_OK);
}

TEST_F(Tokens, TooManyLiveTokensAreRefusedThroughTheHandler) {
  std::vector<CallHandler> handlers(TokenTable::maxLive + 1);
  handlers.back() = note(ended, "one");
  EXPECT_EQ(table.issueRange(use(), handlers), 0U);
  EXPECT_TRUE(ended.empty());
  scheduler.runFor(0s);
  EXPECT_THAT(ended, ElementsAre("one unavailable"));
}

TEST_F(Tokens, APostedRunOfADestroyedTableDoesNothing) {
  auto brief = std::make_unique<TokenTable>(loop, faults);
  brief->answerLater(note(ended, "late"), {});
  brief.reset();
  scheduler.runFor(0s);
  EXPECT_TRUE(ended.empty());
}

TEST(TokensOfManyThreads, EachIsCompletedExactlyOnceWhoeverIsFirst) {
  constexpr std::size_t count = 5000;
  RunningLoop running;
  RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults(log, metrics);
  PluginName plugin{"store", "fake", "store"};
  auto table = std::make_unique<TokenTable>(running.loop(), faults);
  std::vector<int> calls(count);
  std::atomic<std::size_t> accepted{0}, stale{0};
  std::promise<void> allCalled;
  std::size_t called = 0;
  std::vector<ck_token> tokens(count);
  running.call([&] {
    for (std::size_t i = 0; i < count; ++i)
      tokens[i] = table->issue({&plugin, Status::Unknown}, [&, i](CallOutcome) {
        ++calls[i];
        if (++called == count) allCalled.set_value();
      });
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      ck_result result{};
      result.size = sizeof result;
      for (const ck_token token : tokens)
        ++(table->complete(plugin, token, &result) == CK_OK ? accepted : stale);
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(allCalled.get_future().wait_for(30s), std::future_status::ready);
  running.stop();
  EXPECT_EQ(accepted, count);
  EXPECT_EQ(stale, 2 * count);
  EXPECT_EQ(faults.total(), 2 * count);
  for (const int n : calls) EXPECT_EQ(n, 1);
  EXPECT_LT(log.count("plugin_fault"), 20U) << "a plugin in a loop must not fill the log";
}

}  // namespace
}  // namespace clusterkit
