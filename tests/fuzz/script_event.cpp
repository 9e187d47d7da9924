// The JSON of an event on its way into a table of Lua.
#include <memory>

#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "lua_event.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

struct CloseLua {
  void operator()(lua_State* lua) const { lua_close(lua); }
};

// Called in Lua's protected mode, as the plugin does.
int pushAndLook(lua_State* lua) {
  script::pushEvent(lua, *static_cast<const script::LuaEvent*>(lua_touserdata(lua, 1)));
  lua_getfield(lua, -1, "type");
  lua_getfield(lua, -2, "seq");
  return 3;
}

void checkTable(const script::LuaEvent& event) {
  const std::unique_ptr<lua_State, CloseLua> lua(luaL_newstate());
  lua_pushcfunction(lua.get(), pushAndLook);
  lua_pushlightuserdata(lua.get(), const_cast<script::LuaEvent*>(&event));
  if (lua_pcall(lua.get(), 1, 3, 0) != LUA_OK) return;  // one that Lua refuses is no crash
  require(lua_istable(lua.get(), -3), "an event is a table");
  const char* type = lua_tostring(lua.get(), -2);
  require(type != nullptr && std::string_view(type) == "node_join", "its own fields win");
  require(lua_tointeger(lua.get(), -1) == 7, "its own fields win");
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  ck_event raw{};
  raw.size = sizeof raw;
  raw.seq = 7;
  raw.type = "node_join";
  raw.subject = "node-3";
  raw.json = {data, size};
  try {
    const Event event(raw);
    checkTable(script::LuaEvent(event));
  } catch (const Error& refusal) {
    require(refusal.status() == CK_INVALID, "an event that is no JSON is invalid", refusal.what());
  }
  return 0;
}
