#include "lua_context.hpp"

namespace clusterkit::script {
namespace {

void onCount(lua_State* lua, lua_Debug*) { spendOrRaise(lua, kInstructionsPerLook); }

}  // namespace

void setContext(lua_State* lua, LuaContext* context) {
  *static_cast<LuaContext**>(lua_getextraspace(lua)) = context;
}

LuaContext& contextOf(lua_State* lua) { return **static_cast<LuaContext**>(lua_getextraspace(lua)); }

void watchInstructions(lua_State* lua) { lua_sethook(lua, onCount, LUA_MASKCOUNT, kInstructionsPerLook); }

// With a look at each instruction the error comes again as soon as somebody has caught it, so that it passes
// every pcall, the inner ones first.
void spendOrRaise(lua_State* lua, std::uint64_t instructions) {
  const LuaBudget& budget = contextOf(lua).budget;
  if (contextOf(lua).budget.spend(instructions)) return;
  lua_sethook(lua, onCount, LUA_MASKCOUNT, 1);
  luaL_error(lua, "%s", budget.breachText());
}

}  // namespace clusterkit::script
