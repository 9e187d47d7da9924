// The libraries that a script sees.
#pragma once

#include <lua.hpp>

namespace clusterkit::script {

struct LuaLibraries {
  bool os = false, io = false;
};

// Base, string, table, math, utf8 and coroutine, without what reads files, loads code, or escapes the budget;
// print goes into the log. With `os` and `io` these too, without what starts programs or ends the process.
// May raise Lua errors.
void openLibraries(lua_State* lua, LuaLibraries further);

}  // namespace clusterkit::script
