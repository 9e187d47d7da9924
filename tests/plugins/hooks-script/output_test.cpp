// What scripts print, in the log.
#include <gmock/gmock.h>

#include "output_log.hpp"
#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::uint64_t droppedBytes(const ScriptUnderTest& sink) {
  std::uint64_t n = 0;
  for (const LogLine& line : sink.log())
    if (line.event == "script_output_dropped") n += std::stoull(line.fields.at("bytes"));
  return n;
}

TEST(Output, BothStreamsGoIntoTheLogLineByLineWithTheEvent) {
  const auto sink = ScriptUnderTest::shell("echo one; echo two >&2; printf 'no end'\n");
  EXPECT_EQ(sink->deliver().status, CK_OK);
  std::map<std::string, std::int32_t> levels;
  for (const LogLine& line : sink->log()) {
    EXPECT_EQ(line.event, "script_output");
    EXPECT_EQ(line.fields.at("script"), "hook.sh");
    EXPECT_EQ(line.fields.at("seq"), "7");
    levels[line.fields.at("line")] = line.level;
  }
  const std::map<std::string, std::int32_t> expected{
      {"one", CK_LOG_INFO}, {"two", CK_LOG_WARN}, {"no end", CK_LOG_INFO}};
  EXPECT_EQ(levels, expected);
}

TEST(Output, AGibibyteIsReadAndThrownAwayWithOneLineThatSaysSo) {
  const auto sink = ScriptUnderTest::shell("head -c 1G /dev/zero\n", {{"max_output", "10KiB"}});
  const Holdings before = Holdings::now();
  TestEvent event;
  event.within = 60s;
  const Answer answer = sink->deliver(event);
  EXPECT_EQ(answer.status, CK_OK);
  EXPECT_LT(answer.took, 30s);
  EXPECT_THAT(sink->lines(), SizeIs(2)) << "two pieces of 4 KiB; the third would be too much";
  EXPECT_GT(droppedBytes(*sink), std::uint64_t{1} << 29);
  EXPECT_THAT(sink->log(), SizeIs(3));
  EXPECT_EQ(Holdings::now(), before);
  RecordProperty("ms", static_cast<int>(answer.took.count()));
}

TEST(Output, ManyShortLinesAreLimitedToo) {
  const auto sink = ScriptUnderTest::shell("yes '' | head -n 5000\n", {{"max_output", "1MiB"}});
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), SizeIs(OutputLog::kMostLines));
  EXPECT_EQ(droppedBytes(*sink), 4000u);
}

TEST(Output, ALongLineBecomesSeveral) {
  const auto sink = ScriptUnderTest::shell("head -c 5000 /dev/zero | tr '\\0' x; echo; echo next\n");
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), ElementsAre(std::string(4096, 'x'), std::string(904, 'x'), "next"));
}

TEST(Output, EachEventHasItsOwnLimit) {
  const auto sink = ScriptUnderTest::shell("echo 0123456789; echo more\n", {{"max_output", "11"}});
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), ElementsAre("0123456789", "0123456789"));
  EXPECT_EQ(droppedBytes(*sink), 10u);
}

TEST(Output, OfAFloodAtTheEndOnlyTheSharedLimitIsKept) {
  const auto sink = ScriptUnderTest::shell("(while :; do echo left behind; done) & echo done\n");
  const Answer answer = sink->deliver();
  EXPECT_EQ(answer.status, CK_OK);
  EXPECT_LT(answer.took, 5s);
}

}  // namespace
}  // namespace clusterkit::script
