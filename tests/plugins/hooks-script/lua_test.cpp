// mode = lua: what a script gets and what its answers mean.
#include <gmock/gmock.h>

#include <thread>

#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::string& text, Options options = {}) {
  try {
    ScriptUnderTest::lua(text, std::move(options));
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "accepted";
}

Answer answerTo(const std::string& body, Options options = {{"on_failure", "dead_letter"}}) {
  return ScriptUnderTest::lua("function on_event(event) " + body + " end", std::move(options))->deliver();
}

TEST(Lua, ReturnValuesAreAnswers) {
  EXPECT_EQ(answerTo("").status, CK_OK);
  EXPECT_EQ(answerTo("return nil").status, CK_OK);
  EXPECT_EQ(answerTo("return true").status, CK_OK);
  EXPECT_EQ(answerTo("return false").status, CK_RETRY);
  EXPECT_EQ(answerTo("return 'retry'").status, CK_RETRY);
  EXPECT_EQ(answerTo("return 'retry', 'not yet'").text, "not yet");
  EXPECT_EQ(answerTo("return 'reject', 'never'").status, CK_INVALID);
  EXPECT_EQ(answerTo("return 'reject', 'never'").text, "never");
}

TEST(Lua, OtherValuesAndErrorsAreFailuresAsConfigured) {
  EXPECT_THAT(answerTo("return 'done'").text, HasSubstr("on_event returned 'done'; allowed"));
  EXPECT_THAT(answerTo("return 7").text, HasSubstr("returned a number"));
  EXPECT_EQ(answerTo("return 7").status, CK_INVALID);
  EXPECT_EQ(answerTo("return 7", {}).status, CK_RETRY);
  EXPECT_EQ(answerTo("\nerror('no luck')").text, "hook.lua:2: no luck");
  EXPECT_THAT(answerTo("\n\nreturn nothing.at.all").text, HasSubstr("hook.lua:3: attempt to index"));
  EXPECT_EQ(answerTo("error({})").text, "an error that is a table");
  EXPECT_THAT(answerTo("\n('x'):rep('y')").text, HasSubstr("hook.lua:2: bad argument"))
      << "guarded functions name the script's line as well";
}

TEST(Lua, TheEventIsATableOfAllItsFields) {
  const auto sink = ScriptUnderTest::lua(R"(
    local function show(value)
      if type(value) ~= 'table' then return math.type(value) == 'float' and 'float ' .. value or tostring(value) end
      local keys, out = {}, {}
      for key in pairs(value) do keys[#keys + 1] = key end
      table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
      for _, key in ipairs(keys) do out[#out + 1] = key .. '=' .. show(value[key]) end
      return '{' .. table.concat(out, ' ') .. '}'
    end
    function on_event(event) print(show(event)) end)");
  TestEvent event;
  event.json = R"({"seq":1,"big":9007199254740993,"huge":9223372036854775807,"half":0.5,"no":null,"on":true,)"
               R"("deep":{"list":[[],["x",{"y":-1}],3]},"text":"gr\u00fcn \"1\"","subject":"other"})";
  event.attempt = 4;
  EXPECT_EQ(sink->deliver(event).status, CK_OK);
  EXPECT_THAT(
      sink->lines(),
      ElementsAre("{attempt=4 big=9007199254740993 deep={list={1={} 2={1=x 2={y=-1}} 3=3}} epoch=3 "
                  "half=float 0.5 huge=9223372036854775807 id=00112233445566778899aabbccddeeff index=70 "
                  "on=true seq=7 subject=node-3 text=grün \"1\" type=node_join}"));
}

TEST(Lua, AnEventThatIsNoJsonIsAFailure) {
  const auto sink = ScriptUnderTest::lua("function on_event() end", {{"on_failure", "dead_letter"}});
  for (const std::string json : {"", "{", "[1]", "7", "{\"a\":}", "{\"a\":1}}"}) {
    TestEvent event;
    event.json = json;
    EXPECT_EQ(sink->deliver(event).status, CK_INVALID) << json;
  }
  TestEvent deep;
  deep.json = "{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  EXPECT_EQ(sink->deliver(deep).status, CK_INVALID);
}

TEST(Lua, WhatAScriptKeepsLivesFromEventToEvent) {
  const auto sink = ScriptUnderTest::lua(
      "local count = 0\n"
      "function on_event(event) count = count + 1; print(count, event.subject) end");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), ElementsAre("1\tnode-3", "2\tnode-3", "3\tnode-3"));
}

TEST(Lua, DeliveriesFromManyThreadsTakeTurns) {
  const auto sink = ScriptUnderTest::lua(
      "total, busy = 0, false\n"
      "function on_event() assert(not busy); busy = true; for i = 1, 1000 do total = total + 1 end; busy = "
      "false\n"
      "  print(total) end");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) EXPECT_EQ(sink->deliver().status, CK_OK);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink->lines().back(), "100000");
}

TEST(Lua, TheDangerousPartsOfTheLibrariesAreNotThere) {
  for (const char* name : {"os", "io", "debug", "package", "require", "dofile", "loadfile", "load",
                           "collectgarbage", "xpcall", "string.dump"})
    EXPECT_EQ(answerTo(std::string("assert(") + name + " == nil)").status, CK_OK) << name;
  for (const char* name : {"string.format", "table.concat", "math.floor", "utf8.char", "coroutine.wrap",
                           "pcall", "setmetatable", "string.gsub"})
    EXPECT_EQ(answerTo(std::string("assert(type(") + name + ") == 'function')").status, CK_OK) << name;
}

TEST(Lua, OsAndIoAreThereWhenAllowedWithoutProgramsAndWithoutAnEnd) {
  EXPECT_EQ(answerTo("assert(os.time() > 0 and os.getenv and io == nil)", {{"allow", "os"}}).status, CK_OK);
  EXPECT_EQ(answerTo("assert(not os.exit and not os.execute and not os.setlocale)", {{"allow", "os"}}).status,
            CK_OK);
  EXPECT_EQ(answerTo("assert(io.open and not io.popen and os == nil)", {{"allow", "io"}}).status, CK_OK);
  EXPECT_EQ(answerTo("assert(io and os)", {{"allow", "os,io"}}).status, CK_OK);
  EXPECT_THAT(refusal("function on_event() end", {{"allow", "debug"}}),
              HasSubstr("allow = 'debug': allowed are os and io"));
}

TEST(Lua, TheGuardedFunctionsStillDoTheirWork) {
  EXPECT_EQ(answerTo(R"(
    assert(("ab"):rep(3, "-") == "ab-ab-ab" and ("x"):rep(-1) == "" and ("x"):rep(0) == "")
    assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key")
    assert(("a.b"):find(".", 1, true) == 2 and ("hello"):find("l+") == 3)
    local words = {}
    for word in ("one two  three"):gmatch("%a+") do table.insert(words, word) end
    assert(#words == 3 and table.concat(words, ",") == "one,two,three")
    assert(table.remove(words, 1) == "one" and #words == 2)
    table.sort(words, function(a, b) return a > b end)
    assert(words[1] == "two" and select("#", table.unpack(words)) == 2)
    assert(table.move(words, 1, 2, 3)[4] == "three" and #table.move(words, 1, 4, 1, {}) == 4)
    assert(("abc"):gsub("%w", { a = "1" }) == "1bc")
    local object = setmetatable({}, { __index = { answer = 42 } })
    assert(object.answer == 42)
    local next_number = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
    assert(next_number() == 1 and next_number() == 2)
    local co = coroutine.create(function(x) return x + 1 end)
    assert(select(2, coroutine.resume(co, 1)) == 2)
    local ok, why = pcall(error, "caught")
    assert(not ok and why == "caught"))")
                .text,
            "");
}

TEST(Lua, AFileThatCannotWorkIsRefusedAtTheStart) {
  EXPECT_THAT(refusal("function on_event( end"), AllOf(HasSubstr("script = '"), HasSubstr("hook.lua:1:")));
  EXPECT_THAT(refusal("x = 1"), HasSubstr("does not define the function on_event(event)"));
  EXPECT_THAT(refusal("\nerror('at once')"), HasSubstr("hook.lua:2: at once"));
  EXPECT_THAT(refusal("while true do end"), HasSubstr("more than max_instructions were used"));
  EXPECT_THAT(refusal("x = ('x'):rep(1e8)"), HasSubstr("too large"));
  EXPECT_THAT(refusal("\x1bLua bytecode"), HasSubstr("attempt to load a binary chunk"));
  EXPECT_THAT(refusal(std::string(2 << 20, ' '), {{"max_memory", "1MiB"}}),
              HasSubstr("larger than max_memory"));
  ScriptUnderTest sink;
  EXPECT_THROW(sink.create({{"mode", "lua"}, {"script", "/no/such.lua"}}), std::runtime_error);
  EXPECT_THROW(sink.create({{"mode", "lua"}}), std::runtime_error);
}

}  // namespace
}  // namespace clusterkit::script
