// mode = lua: scripts that want too much, by mistake or by design, end soon and leave the sink usable.
#include <gmock/gmock.h>

#include <thread>

#include "script_under_test.hpp"
#include "support/eventually.hpp"

namespace clusterkit::script {
namespace {

using test::eventually;
using testing::HasSubstr;

// Runs `body` for subject "bad" and counts events otherwise.
std::unique_ptr<ScriptUnderTest> sinkWith(const std::string& body, Options options = {}) {
  return ScriptUnderTest::lua(
      "local count = 0\n"
      "local function loop() while true do end end\n"
      "function on_event(event)\n"
      "  count = count + 1\n"
      "  if event.subject == 'bad' then " +
          body +
          " end\n"
          "  print(count)\n"
          "end",
      std::move(options));
}

TestEvent bad(std::chrono::milliseconds within = 20s) {
  TestEvent event;
  event.subject = "bad";
  event.within = within;
  return event;
}

// The sink answers the bad event with this text, and the next one as if it were the first.
void expectResetWith(const std::string& body, const std::string& text) {
  SCOPED_TRACE(body);
  const auto sink = sinkWith(body, {{"on_failure", "dead_letter"}, {"max_instructions", "3000000"}});
  const Answer answer = sink->deliver(bad());
  EXPECT_EQ(answer.status, CK_INVALID);
  EXPECT_EQ(answer.text, text);
  EXPECT_LT(answer.took, 10s);
  EXPECT_TRUE(sink->logged("script_reset"));
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_EQ(sink->lines().back(), "1");
}

// The sink answers by an error of the script, which goes on with what it has.
void expectRefusal(const std::string& body, const std::string& text, Options options = {}) {
  SCOPED_TRACE(body);
  const auto sink = sinkWith(body, std::move(options));
  const Answer answer = sink->deliver(bad());
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_THAT(answer.text, HasSubstr(text));
  EXPECT_LT(answer.took, 10s);
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_EQ(sink->lines().back(), "2");
}

constexpr const char* kInstructions = "more than max_instructions were used";

TEST(LuaLimits, EndlessLoopsEnd) {
  expectResetWith("loop()", kInstructions);
  expectResetWith("::again:: goto again", kInstructions);
  expectResetWith("for i = 1, math.huge do end", kInstructions);
  expectResetWith("local function f() return f() end; f()", kInstructions);
}

TEST(LuaLimits, CatchingTheErrorDoesNotHelp) {
  expectResetWith("while true do pcall(loop) end", kInstructions);
  expectResetWith("pcall(pcall, pcall, loop); while true do pcall(loop) end", kInstructions);
  expectResetWith("local function f() pcall(f); while true do pcall(loop) end end; f()", kInstructions);
  expectResetWith("return pcall(loop)", kInstructions);
}

TEST(LuaLimits, CoroutinesDoNotHelp) {
  expectResetWith("coroutine.wrap(loop)()", kInstructions);
  expectResetWith("while true do coroutine.resume(coroutine.create(loop)) end", kInstructions);
  expectResetWith(
      "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
      kInstructions);
  // Each of them ends before its own first look.
  expectResetWith("while true do coroutine.wrap(function() for i = 1, 300 do end end)() end", kInstructions);
}

TEST(LuaLimits, MetamethodsAndCallbacksDoNotHelp) {
  expectResetWith("return setmetatable({}, { __index = loop }).x", kInstructions);
  expectResetWith("local x <close> = setmetatable({}, { __close = loop })", kInstructions);
  expectResetWith("local x <close> = setmetatable({}, { __close = loop }); loop()", kInstructions);
  expectResetWith("table.sort({ 3, 2, 1 }, loop)", kInstructions);
  expectResetWith("('x'):gsub('x', loop)", kInstructions);
  expectResetWith("print(setmetatable({}, { __tostring = loop }))", kInstructions);
}

TEST(LuaLimits, FinalizersAreRefusedBecauseNobodyCouldStopThem) {
  expectRefusal("setmetatable({}, { __gc = loop })", "__gc is not available here");
}

TEST(LuaLimits, MemoryIsLimited) {
  constexpr const char* kMemory = "more than max_memory was needed";
  expectResetWith("local t = {} while true do t[#t + 1] = {} end", kMemory);
  expectResetWith("local s = 'x' while true do s = s .. s end", kMemory);
  expectResetWith("local s = ('x'):rep(12 * 1024 * 1024)", kMemory);
  expectRefusal("return ('x'):rep(1e10)", "resulting string too large");
}

TEST(LuaLimits, AMebibyteMayBeUsedThoughNotMore) {
  const Options small{{"max_memory", "1MiB"}};
  const auto sink = sinkWith("local s = ('x'):rep(200 * 1024)", small);
  EXPECT_EQ(sink->deliver(bad()).status, CK_OK);
  EXPECT_EQ(sinkWith("local s = ('x'):rep(2048 * 1024)", small)->deliver(bad()).status, CK_RETRY);
}

TEST(LuaLimits, GarbageDoesNotAddUp) {
  const auto sink = sinkWith("for i = 1, 300 do local s = ('x'):rep(100 * 1024) .. i end");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sink->deliver(bad()).status, CK_OK);
}

TEST(LuaLimits, LibraryFunctionsThatWouldNeverEndAreRefused) {
  expectRefusal("return (''):rep(math.maxinteger)", "resulting string too large");
  expectRefusal("table.move({}, 1, math.maxinteger - 1, 2)", "too many elements to move");
  expectRefusal("table.move({}, math.mininteger, -2, 2)", "too many elements to move");
  expectRefusal("table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)",
                "without a metatable");
  // Of a table with holes # may be any border, here one at 1 << 62.
  expectRefusal(
      "local t = {} for i = 1, 260 do t['room' .. i] = i end for i = 0, 62 do t[1 << i] = 1 end "
      "table.insert(t, 1, 1)",
      "too many elements");
}

TEST(LuaLimits, PatternsThatTryTooMuchAreRefused) {
  expectRefusal("return ('a'):rep(1000):find(('a*'):rep(10) .. 'b')", "may take too long on 1000 bytes");
  expectRefusal("return ('a'):rep(1000):find('a*a*a*b')", "may take too long on 1000 bytes");
  EXPECT_EQ(sinkWith("return ('a'):rep(1000):find('^a*a*a*b')")->deliver(bad()).status, CK_OK);
  expectRefusal("return ('a'):rep(1e6):match('.-b')", "may take too long");
  expectRefusal("return ('a'):rep(4e6):find(('a'):rep(2e6) .. 'b', 1, true)", "may take too long");
}

TEST(LuaLimits, TheWorstPatternThatIsAcceptedTakesSeconds) {
  const auto sink = sinkWith("return ('a'):rep(900):find('a*a*b')");
  const Answer answer = sink->deliver(bad());
  EXPECT_EQ(answer.status, CK_OK);
  EXPECT_LT(answer.took, 20s);
  RecordProperty("ms", static_cast<int>(answer.took.count()));
}

TEST(LuaLimits, TheDeadlineEndsAScriptThatHasInstructionsLeft) {
  const auto sink =
      sinkWith("loop()", {{"max_instructions", "1000000000000"}, {"on_failure", "dead_letter"}});
  const Answer answer = sink->deliver(bad(200ms));
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_EQ(answer.text, "deadline exceeded");
  EXPECT_LT(answer.took, 1s);
  EXPECT_EQ(sink->deliver().status, CK_OK);
}

TEST(LuaLimits, ALoopOverSlowLibraryFunctionsIsSeenByTheDeadline) {
  const auto sink = sinkWith("local s = ('a'):rep(300) while true do s:find('a*a*b') end",
                             {{"max_instructions", "1000000000000"}});
  const Answer answer = sink->deliver(bad(300ms));
  EXPECT_EQ(answer.text, "deadline exceeded");
  EXPECT_LT(answer.took, 3s);
}

TEST(LuaLimits, SortingAndShiftingAreSeenByTheDeadline) {
  const Options plenty{{"max_instructions", "1000000000000"}};
  for (const char* body :
       {"local t, s = {}, ('a'):rep(8e6) for i = 1, 10000 do t[i] = s end table.sort(t)",
        "local t = {} for i = 1, 500000 do t[i] = i end while true do table.insert(t, 1, 1) end",
        "while true do local s = ('x'):rep(8e6) end"}) {
    const Answer answer = sinkWith(body, plenty)->deliver(bad(300ms));
    EXPECT_EQ(answer.text, "deadline exceeded") << body;
    EXPECT_LT(answer.took, 3s) << body;
  }
}

TEST(LuaLimits, AppendingToALongTableCostsNoMoreThanToAShortOne) {
  EXPECT_EQ(sinkWith("local t = {} for i = 1, 100000 do table.insert(t, i) end")->deliver(bad()).status,
            CK_OK);
}

TEST(LuaLimits, CancelEndsAScriptInTheMiddle) {
  const auto sink = sinkWith("print('started') loop()",
                             {{"max_instructions", "1000000000000"}, {"on_failure", "dead_letter"}});
  Answer answer;
  std::thread delivery([&] { answer = sink->deliver(bad()); });
  ASSERT_TRUE(eventually([&] { return !sink->lines().empty(); }));
  sink->cancel();
  delivery.join();
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_EQ(answer.text, "the sink is stopping");
  EXPECT_EQ(sink->deliver().text, "the sink is stopping");
}

TEST(LuaLimits, PrintIsLimitedAndCountedLikeAnyOutput) {
  const auto sink =
      sinkWith("for i = 1, 100000 do print('line', i) end print(('x'):rep(1e6))", {{"max_output", "1KiB"}});
  EXPECT_EQ(sink->deliver(bad()).status, CK_OK);
  EXPECT_TRUE(sink->logged("script_output_dropped"));
  EXPECT_LT(sink->log().size(), 200u);
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_EQ(sink->lines().back(), "2") << "the next event has a limit of its own";
}

TEST(LuaLimits, AnEventThatDoesNotFitIntoMemoryIsAFailure) {
  const auto sink = sinkWith("", {{"max_memory", "1MiB"}});
  TestEvent large;
  large.json = "{\"x\":\"" + std::string(2 << 20, 'x') + "\"}";
  EXPECT_EQ(sink->deliver(large).text, "more than max_memory was needed");
  EXPECT_EQ(sink->deliver().status, CK_OK);
}

}  // namespace
}  // namespace clusterkit::script
