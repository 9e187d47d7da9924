// mode = per-event: scripts that do not end as they should, and what they leave running.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <thread>

#include "script_under_test.hpp"
#include "support/eventually.hpp"

namespace clusterkit::script {
namespace {

using test::eventually;
using testing::HasSubstr;

int pidIn(const ScriptUnderTest& sink, const std::string& file) {
  const std::string text = sink.read(file);
  return text.empty() ? 0 : std::stoi(text);
}

TEST(Endings, AHangingScriptIsStoppedAtItsDeadlineWithAllItsChildren) {
  const auto sink = ScriptUnderTest::shell("sleep 1000 & echo $! > child; wait\n");
  TestEvent event;
  event.within = 300ms;
  const Holdings before = Holdings::now();
  const Answer answer = sink->deliver(event);
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_EQ(answer.text, "deadline exceeded, killed by signal 15");
  EXPECT_GE(answer.took, 300ms);
  EXPECT_LT(answer.took, 1500ms);
  EXPECT_TRUE(eventually([&] { return !processExists(pidIn(*sink, "child")); }));
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Endings, OneThatIgnoresSigtermIsKilledAfterTheConfiguredTime) {
  const auto sink = ScriptUnderTest::shell(
      "trap '' TERM; (trap '' TERM; echo $BASHPID > child; while :; do sleep 0.05; done) & while :; do sleep "
      "0.05; done\n",
      {{"kill_after", "400ms"}, {"on_failure", "dead_letter"}});
  TestEvent event;
  event.within = 300ms;
  const Answer answer = sink->deliver(event);
  EXPECT_EQ(answer.status, CK_RETRY) << "a deadline is no failure of the event";
  EXPECT_EQ(answer.text, "deadline exceeded, killed by signal 9");
  EXPECT_GE(answer.took, 700ms);
  EXPECT_LT(answer.took, 2500ms);
  EXPECT_TRUE(eventually([&] { return !processExists(pidIn(*sink, "child")); }));
}

TEST(Endings, AStoppedScriptIsEndedAsWell) {
  const auto sink = ScriptUnderTest::shell("kill -STOP $$\n");
  TestEvent event;
  event.within = 200ms;
  const Answer answer = sink->deliver(event);
  EXPECT_EQ(answer.text, "deadline exceeded, killed by signal 15");
}

TEST(Endings, ExitCodeZeroAfterTheDeadlineIsStillARetry) {
  const auto sink = ScriptUnderTest::shell("trap 'exit 0' TERM; while :; do sleep 0.01; done\n");
  TestEvent event;
  event.within = 200ms;
  const Answer answer = sink->deliver(event);
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_EQ(answer.text, "deadline exceeded, exit code 0");
}

TEST(Endings, AChildThatKeepsThePipesOpenDoesNotHoldTheDelivery) {
  const auto sink = ScriptUnderTest::shell("sleep 1000 & echo $! > child; echo done\n");
  const Holdings before = Holdings::now();
  const Answer answer = sink->deliver();
  EXPECT_EQ(answer.status, CK_OK);
  EXPECT_LT(answer.took, 2s);
  EXPECT_THAT(sink->lines(), testing::ElementsAre("done"));
  EXPECT_TRUE(eventually([&] { return !processExists(pidIn(*sink, "child")); }));
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Endings, WhatIsLeftBehindAndIgnoresSigtermIsKilled) {
  const auto sink = ScriptUnderTest::shell(
      "(trap '' TERM; echo $BASHPID > child; while :; do sleep 0.05; done) &\n"
      "until [ -s child ]; do sleep 0.01; done\n");
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_TRUE(eventually([&] { return !processExists(pidIn(*sink, "child")); }));
}

// The documented way out, and the documented limit: no group, no signal.
TEST(Endings, OneThatLeavesTheGroupBySetsidLivesOnAndHoldsNothing) {
  const auto sink = ScriptUnderTest::shell(
      "setsid bash -c 'echo $$ > child; exec sleep 1000' &\n"
      "until [ -s child ]; do sleep 0.01; done\n");
  const Holdings before = Holdings::now();
  EXPECT_EQ(sink->deliver().status, CK_OK);
  const int daemon = pidIn(*sink, "child");
  EXPECT_TRUE(processExists(daemon));
  EXPECT_EQ(Holdings::now(), before);
  ::kill(daemon, SIGKILL);
}

TEST(Endings, OneThatNeverReadsItsInputIsStoppedAtItsDeadline) {
  const auto sink = ScriptUnderTest::shell("while :; do sleep 0.01; done\n");
  TestEvent large;
  large.json = "{\"x\":\"" + std::string(1024 * 1024, 'x') + "\"}";
  large.within = 300ms;
  const Answer answer = sink->deliver(large);
  EXPECT_THAT(answer.text, HasSubstr("deadline exceeded"));
  EXPECT_LT(answer.took, 1500ms);
}

TEST(Endings, WithoutADeadlineItMayTakeItsTime) {
  const auto sink = ScriptUnderTest::shell("sleep 0.2\n");
  TestEvent event;
  event.within = 0ms;
  EXPECT_EQ(sink->deliver(event).status, CK_OK);
}

TEST(Endings, CancelEndsADeliveryUnderWayAndRefusesLaterOnes) {
  const auto sink = ScriptUnderTest::shell("trap '' TERM; touch started; while :; do sleep 0.05; done\n",
                                           {{"kill_after", "30s"}});
  const Holdings before = Holdings::now();
  Answer answer;
  std::thread delivery([&] { answer = sink->deliver(); });
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(sink->folder() / "started"); }));
  const auto start = std::chrono::steady_clock::now();
  sink->cancel();
  delivery.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_EQ(answer.text, "the sink is stopping");
  EXPECT_EQ(sink->deliver().text, "the sink is stopping");
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Endings, CancelShortensTheTimeThatADeadlineHadLeft) {
  const auto sink = ScriptUnderTest::shell("trap 'touch told' TERM; while :; do sleep 0.05; done\n",
                                           {{"kill_after", "30s"}});
  TestEvent event;
  event.within = 300ms;
  Answer answer;
  std::thread delivery([&] { answer = sink->deliver(event); });
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(sink->folder() / "told"); }));
  sink->cancel();
  delivery.join();
  EXPECT_LT(answer.took, 3s);
  EXPECT_EQ(answer.status, CK_RETRY);
}

}  // namespace
}  // namespace clusterkit::script
