// mode = stream: one script that lives on and answers on descriptor 3.
#include <gmock/gmock.h>

#include <algorithm>
#include <future>

#include "script_under_test.hpp"
#include "support/eventually.hpp"

namespace clusterkit::script {
namespace {

using test::eventually;
using testing::HasSubstr;

// Sets $seq of each event; $life counts the starts.
constexpr const char* kPrelude =
    "life=$(( $(cat life 2>/dev/null || echo 0) + 1 )); echo $life > life; echo $$ > pid\n"
    "next() { read -r line || exit 0; seq=${line#*:}; seq=${seq%%,*}; }\n";

std::unique_ptr<ScriptUnderTest> stream(const std::string& text, Options options = {}) {
  options["mode"] = "stream";
  return ScriptUnderTest::shell(kPrelude + text, std::move(options));
}

TestEvent event(std::uint64_t seq, std::chrono::milliseconds within = 20s) {
  TestEvent e;
  e.seq = seq;
  e.json = "{\"seq\":" + std::to_string(seq) + ",\"type\":\"node_join\"}";
  e.within = within;
  return e;
}

std::future<Answer> deliverAside(ScriptUnderTest& sink, const TestEvent& e) {
  return std::async(std::launch::async, [&sink, e] { return sink.deliver(e); });
}

// Delivers again and again, as the host would, until the script is up again and has answered.
Answer deliverUntilAnswered(ScriptUnderTest& sink, const TestEvent& e) {
  Answer answer;
  eventually([&] { return (answer = sink.deliver(e)).status != CK_RETRY; });
  return answer;
}

TEST(Stream, OneScriptAnswersManyEvents) {
  const auto sink = stream("while next; do echo $seq >&3; done\n");
  const Holdings before = Holdings::now();
  for (std::uint64_t seq = 1; seq <= 200; ++seq) ASSERT_EQ(sink->deliver(event(seq)).status, CK_OK);
  EXPECT_EQ(sink->read("life"), "1\n");
  sink->destroy();
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Stream, AnswersSayDoneRetryOrReject) {
  const auto sink = stream(
      "next; echo ok $seq >&3\n"
      "next; echo retry $seq later >&3\n"
      "next; echo reject $seq never >&3\n"
      "while next; do :; done\n");
  EXPECT_EQ(sink->deliver(event(1)).status, CK_OK);
  const Answer second = sink->deliver(event(2)), third = sink->deliver(event(3));
  EXPECT_EQ(second.status, CK_RETRY);
  EXPECT_EQ(second.text, "later");
  EXPECT_EQ(third.status, CK_INVALID);
  EXPECT_EQ(third.text, "never");
}

TEST(Stream, AnswersMayComeInAnyOrder) {
  const auto sink = stream("next; a=$seq; next; b=$seq; next; c=$seq; printf '%s\\n' $c $a $b >&3; next\n");
  auto first = deliverAside(*sink, event(1)), second = deliverAside(*sink, event(2)),
       third = deliverAside(*sink, event(3));
  EXPECT_EQ(first.get().status, CK_OK);
  EXPECT_EQ(second.get().status, CK_OK);
  EXPECT_EQ(third.get().status, CK_OK);
}

TEST(Stream, AnEndInTheMiddleIsARetryAndTheNextLifeGoesOn) {
  const auto sink = stream(
      "next; echo $seq >&3\n"
      "[ $life = 1 ] && { next; exit 3; }\n"
      "while next; do echo $seq >&3; done\n");
  EXPECT_EQ(sink->deliver(event(1)).status, CK_OK);
  const Answer lost = sink->deliver(event(2));
  EXPECT_EQ(lost.status, CK_RETRY);
  EXPECT_EQ(lost.text, "the script ended, exit code 3");
  const Answer tooEarly = sink->deliver(event(2));
  EXPECT_EQ(tooEarly.status, CK_RETRY);
  EXPECT_GT(tooEarly.retryAfterMs, 0u);
  EXPECT_LE(tooEarly.retryAfterMs, 100u);
  EXPECT_EQ(deliverUntilAnswered(*sink, event(2)).status, CK_OK);
  EXPECT_EQ(sink->read("life"), "2\n");
}

TEST(Stream, WhatWasAnsweredJustBeforeTheEndCounts) {
  const auto sink = stream("next; echo $seq >&3; exit 0\n");
  EXPECT_EQ(sink->deliver(event(1)).status, CK_OK);
}

TEST(Stream, AScriptThatKeepsDyingIsStartedLessAndLessOften) {
  const auto sink = stream("exit 1\n");
  std::vector<std::string> pauses;
  eventually([&] {
    EXPECT_EQ(sink->deliver(event(1)).status, CK_RETRY);
    pauses.clear();
    for (const LogLine& line : sink->log())
      if (line.event == "script_ended") pauses.push_back(line.fields.at("restart_in_ms"));
    return pauses.size() == 4;
  });
  EXPECT_THAT(pauses, testing::ElementsAre("100", "200", "400", "800"));
}

TEST(Stream, AHungScriptIsReplacedAtTheDeadlineAndEveryEventItHeldIsARetry) {
  const auto sink = stream(
      "[ $life = 1 ] && { sleep 1000 & echo $! > child; wait; }\n"
      "while next; do echo $seq >&3; done\n");
  auto patient = deliverAside(*sink, event(2));
  ASSERT_TRUE(eventually([&] { return !sink->read("child").empty(); }));
  const Answer hung = sink->deliver(event(1, 300ms));
  EXPECT_EQ(hung.status, CK_RETRY);
  EXPECT_EQ(hung.text, "deadline of event 1 exceeded, the script is restarted");
  EXPECT_LT(hung.took, 1500ms);
  EXPECT_EQ(patient.get().status, CK_RETRY);
  EXPECT_TRUE(sink->logged("script_hangs"));
  EXPECT_EQ(deliverUntilAnswered(*sink, event(1)).status, CK_OK);
  EXPECT_FALSE(processExists(std::stoi(sink->read("child"))));
}

TEST(Stream, OneThatIgnoresSigtermIsKilledBeforeTheNextStarts) {
  const auto sink = stream(
      "[ $life = 1 ] && { trap '' TERM; touch deaf; while :; do sleep 0.05; done; }\n"
      "kill -0 $(cat first 2>/dev/null) 2>/dev/null && touch both_alive\n"
      "while next; do echo $seq >&3; done\n",
      {{"kill_after", "300ms"}});
  auto hung = deliverAside(*sink, event(1, 500ms));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(sink->folder() / "deaf"); }));
  sink->writeScript("first", sink->read("pid"));
  EXPECT_EQ(hung.get().status, CK_RETRY);
  EXPECT_EQ(deliverUntilAnswered(*sink, event(1)).status, CK_OK);
  EXPECT_FALSE(std::filesystem::exists(sink->folder() / "both_alive"));
}

TEST(Stream, AFewLinesThatAreNoAnswersAreLoggedAndIgnored) {
  const auto sink = stream(
      "while next; do echo 'what?' >&3; echo 99 >&3; head -c 5000 /dev/zero >&3; echo >&3; echo $seq >&3; "
      "done\n");
  for (std::uint64_t seq = 1; seq <= 5; ++seq) EXPECT_EQ(sink->deliver(event(seq)).status, CK_OK);
  EXPECT_TRUE(sink->logged("script_answer_ignored"));
  EXPECT_EQ(sink->read("life"), "1\n");
}

TEST(Stream, TooManyLinesThatAreNoAnswersEndTheScript) {
  const auto sink = stream(
      "[ $life = 1 ] && { next; yes nonsense >&3; }\n"
      "while next; do echo $seq >&3; done\n");
  const Answer answer = sink->deliver(event(1));
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_THAT(answer.text, HasSubstr("what is no answer"));
  EXPECT_LT(sink->log().size(), 20u) << "a flood must not flood the log";
  EXPECT_EQ(deliverUntilAnswered(*sink, event(1)).status, CK_OK);
}

TEST(Stream, ALineThatNeverEndsIsTooManyLines) {
  const auto sink = stream("next; cat /dev/zero >&3\n");
  EXPECT_THAT(sink->deliver(event(1)).text, HasSubstr("what is no answer"));
}

TEST(Stream, OutputGoesIntoTheLogAndIsLimitedPerEvent) {
  const auto sink = stream("while next; do echo got $seq; yes | head -n 3000; echo $seq >&3; done\n");
  for (std::uint64_t seq = 1; seq <= 3; ++seq) ASSERT_EQ(sink->deliver(event(seq)).status, CK_OK);
  sink->destroy();
  EXPECT_TRUE(sink->logged("script_output_dropped"));
  EXPECT_LE(sink->lines().size(), 3000u);
  const auto lines = sink->lines();
  EXPECT_EQ(lines.at(0), "got 1");
}

TEST(Stream, AnEventThatIsLargerThanThePipeArrivesWhole) {
  const auto sink = stream("while next; do echo ${#line}; echo $seq >&3; done\n");
  TestEvent large = event(1);
  large.json.insert(large.json.size() - 1, ",\"x\":\"" + std::string(300'000, 'x') + "\"");
  EXPECT_EQ(sink->deliver(large).status, CK_OK);
  sink->destroy();
  EXPECT_EQ(sink->lines().at(0), std::to_string(large.json.size()));
}

TEST(Stream, CancelEndsScriptAndDeliveriesAndRefusesLaterOnes) {
  const auto sink = stream("touch up; trap '' TERM; while :; do sleep 0.05; done\n", {{"kill_after", "30s"}});
  const Holdings before = Holdings::now();
  auto waiting = deliverAside(*sink, event(1));
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(sink->folder() / "up"); }));
  const auto start = std::chrono::steady_clock::now();
  sink->cancel();
  EXPECT_EQ(waiting.get().text, "the sink is stopping");
  EXPECT_EQ(sink->deliver(event(2)).text, "the sink is stopping");
  sink->destroy();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 3s);
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Stream, AScriptThatCannotStartIsAFailureAsConfiguredAndIsNotTriedAtOnceAgain) {
  ScriptUnderTest sink;
  sink.create({{"mode", "stream"},
               {"command", sink.writeScript("odd", "#!/no/such/interpreter\n")},
               {"on_failure", "dead_letter"}});
  EXPECT_EQ(sink.deliver().status, CK_INVALID);
  const Answer again = sink.deliver();
  EXPECT_EQ(again.status, CK_RETRY);
  EXPECT_GT(again.retryAfterMs, 0u);
}

}  // namespace
}  // namespace clusterkit::script
