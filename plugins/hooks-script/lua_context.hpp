// What the C functions of one Lua state find beside it. Functions here that take a lua_State may raise Lua
// errors, which jump: neither they nor their callers inside Lua may own anything at that point.
#pragma once

#include <lua.hpp>

#include "lua_budget.hpp"
#include "output_log.hpp"

namespace clusterkit::script {

struct LuaContext {
  LuaBudget& budget;
  OutputLog& output;
};

void setContext(lua_State* lua, LuaContext* context);  // before any coroutine is made
LuaContext& contextOf(lua_State* lua);

// From now on the state pays for its instructions. Coroutines inherit this.
void watchInstructions(lua_State* lua);
constexpr int kInstructionsPerLook = 1000;

// Raises an error when the budget is used up. A script may catch it, but gets only one more instruction.
void spendOrRaise(lua_State* lua, std::uint64_t instructions);

}  // namespace clusterkit::script
