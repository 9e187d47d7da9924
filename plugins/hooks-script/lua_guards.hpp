// Limits for functions of Lua's libraries that could run for long without an instruction of the script, and
// so without a look at its budget. May raise Lua errors.
#pragma once

#include <lua.hpp>

namespace clusterkit::script {

void installGuards(lua_State* lua);  // after the libraries were opened

}  // namespace clusterkit::script
