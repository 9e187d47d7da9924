#include "lua_guards.hpp"

#include <algorithm>

#include "lua_context.hpp"
#include "pattern_cost.hpp"

namespace clusterkit::script {
namespace {

constexpr double kMostPatternSteps = 1e9;  // a few seconds
constexpr std::size_t kSlotSize = 16;      // of a table, about
constexpr std::size_t kBytesPerStep = 16;  // of text, that C code does in the time of one instruction

lua_Integer mostElements(lua_State* lua) {
  return static_cast<lua_Integer>(contextOf(lua).budget.memoryLimit() / kSlotSize);
}

// An empty string may be repeated without end in no memory at all.
void checkRepeat(lua_State* lua) {
  std::size_t text = 0, separator = 0;
  luaL_checklstring(lua, 1, &text);
  const lua_Integer times = luaL_checkinteger(lua, 2);
  luaL_optlstring(lua, 3, "", &separator);
  const auto most = contextOf(lua).budget.memoryLimit() / std::max<std::size_t>(1, text + separator);
  if (times > 0 && static_cast<std::size_t>(times) > most) luaL_error(lua, "resulting string too large");
  if (times > 0) spendOrRaise(lua, 1 + static_cast<std::size_t>(times) * (text + separator) / kBytesPerStep);
}

// Matching goes back and tries again: as often as there are ways to share out the text among the repetitions.
void checkSteps(lua_State* lua, const PatternShape& shape, std::size_t text) {
  if (mostSteps(shape, text) > kMostPatternSteps)
    luaL_error(
        lua, "a pattern with %d repetitions may take too long on %d bytes; anchor it with ^ or cut the text",
        shape.repetitions, static_cast<int>(text));
  spendOrRaise(lua, 1 + text / kBytesPerStep);
}

void checkPattern(lua_State* lua) {
  std::size_t text = 0, length = 0;
  luaL_checklstring(lua, 1, &text);
  const char* pattern = luaL_checklstring(lua, 2, &length);
  checkSteps(lua, shapeOf({pattern, length}), text);
}

void checkFind(lua_State* lua) {
  if (lua_toboolean(lua, 4) == 0) return checkPattern(lua);
  std::size_t text = 0, plain = 0;
  luaL_checklstring(lua, 1, &text);
  luaL_checklstring(lua, 2, &plain);
  checkSteps(lua, {plain, 0, false}, text);
}

// __len and __index could promise more elements than there is memory for.
void checkPlainTable(lua_State* lua) {
  luaL_checktype(lua, 1, LUA_TTABLE);
  if (lua_getmetatable(lua, 1) != 0) luaL_argerror(lua, 1, "table without a metatable expected");
  if (luaL_len(lua, 1) > mostElements(lua)) luaL_argerror(lua, 1, "table has too many elements");
  spendOrRaise(lua, 1);  // shifting all elements is over soon; this is for the look at the time
}

int isLess(lua_State* lua) {
  spendOrRaise(lua, 1 + (lua_rawlen(lua, 1) + lua_rawlen(lua, 2)) / kBytesPerStep);
  lua_pushboolean(lua, lua_compare(lua, 1, 2, LUA_OPLT));
  return 1;
}

// Long strings that are equal take long to compare, and sort does that many times.
void checkSort(lua_State* lua) {
  checkPlainTable(lua);
  if (!lua_isnoneornil(lua, 2)) return;
  lua_settop(lua, 1);
  lua_pushcfunction(lua, isLess);
}

void checkMove(lua_State* lua) {
  checkPlainTable(lua);
  if (lua_istable(lua, 5) && lua_getmetatable(lua, 5) != 0)
    luaL_argerror(lua, 5, "table without a metatable expected");
  const lua_Integer first = luaL_checkinteger(lua, 2), last = luaL_checkinteger(lua, 3);
  const lua_Unsigned further = static_cast<lua_Unsigned>(last) - static_cast<lua_Unsigned>(first);
  if (last > first && further > static_cast<lua_Unsigned>(mostElements(lua)))
    luaL_error(lua, "too many elements to move");
}

// Finalizers run without looks at the budget.
void checkMetatable(lua_State* lua) {
  if (!lua_istable(lua, 2)) return;
  lua_pushliteral(lua, "__gc");
  if (lua_rawget(lua, 2) != LUA_TNIL) luaL_error(lua, "__gc is not available here");
  lua_pop(lua, 1);
}

// A new coroutine starts with a fresh count up to its first look, so it pays for that in advance.
void checkCoroutine(lua_State* lua) { spendOrRaise(lua, kInstructionsPerLook); }

// Runs the original, the upvalue, in the same frame, so that its errors name the script's line.
template <void (*Check)(lua_State*)>
int guarded(lua_State* lua) {
  Check(lua);
  return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

void guard(lua_State* lua, const char* library, const char* function, lua_CFunction by) {
  lua_getglobal(lua, library);
  lua_getfield(lua, -1, function);
  lua_pushcclosure(lua, by, 1);
  lua_setfield(lua, -2, function);
  lua_pop(lua, 1);
}

}  // namespace

void installGuards(lua_State* lua) {
  guard(lua, LUA_GNAME, "setmetatable", guarded<checkMetatable>);
  guard(lua, LUA_STRLIBNAME, "rep", guarded<checkRepeat>);
  guard(lua, LUA_STRLIBNAME, "find", guarded<checkFind>);
  for (const char* function : {"match", "gmatch", "gsub"})
    guard(lua, LUA_STRLIBNAME, function, guarded<checkPattern>);
  for (const char* function : {"concat", "insert", "remove", "unpack"})
    guard(lua, LUA_TABLIBNAME, function, guarded<checkPlainTable>);
  guard(lua, LUA_TABLIBNAME, "sort", guarded<checkSort>);
  guard(lua, LUA_TABLIBNAME, "move", guarded<checkMove>);
  for (const char* function : {"create", "wrap"})
    guard(lua, LUA_COLIBNAME, function, guarded<checkCoroutine>);
}

}  // namespace clusterkit::script
