#include "lua_library.hpp"

#include "lua_context.hpp"
#include "lua_guards.hpp"

namespace clusterkit::script {
namespace {

// False: no memory to do so.
bool writeLine(OutputLog& output, std::string_view line) noexcept {
  try {
    output.add(Stream::output, line);
    return true;
  } catch (...) {
    return false;
  }
}

int print(lua_State* lua) {
  const int count = lua_gettop(lua);
  luaL_Buffer line;
  luaL_buffinit(lua, &line);
  for (int i = 1; i <= count; ++i) {
    if (i > 1) luaL_addchar(&line, '\t');
    luaL_tolstring(lua, i, nullptr);
    luaL_addvalue(&line);
  }
  luaL_addchar(&line, '\n');
  luaL_pushresult(&line);
  std::size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  spendOrRaise(lua, 1 + size / 16);
  if (!writeLine(contextOf(lua).output, {text, size})) return luaL_error(lua, "not enough memory");
  return 0;
}

void open(lua_State* lua, const char* name, lua_CFunction library) {
  luaL_requiref(lua, name, library, 1);
  lua_pop(lua, 1);
}

void remove(lua_State* lua, const char* library, const char* function) {
  lua_getglobal(lua, library);
  lua_pushnil(lua);
  lua_setfield(lua, -2, function);
  lua_pop(lua, 1);
}

}  // namespace

void openLibraries(lua_State* lua, LuaLibraries further) {
  open(lua, LUA_GNAME, luaopen_base);
  open(lua, LUA_STRLIBNAME, luaopen_string);
  open(lua, LUA_TABLIBNAME, luaopen_table);
  open(lua, LUA_MATHLIBNAME, luaopen_math);
  open(lua, LUA_UTF8LIBNAME, luaopen_utf8);
  open(lua, LUA_COLIBNAME, luaopen_coroutine);
  // The handler of xpcall runs inside the look at the budget, where there are no further looks.
  for (const char* function : {"dofile", "loadfile", "load", "collectgarbage", "warn", "xpcall"})
    remove(lua, LUA_GNAME, function);
  remove(lua, LUA_STRLIBNAME, "dump");
  if (further.os) {
    open(lua, LUA_OSLIBNAME, luaopen_os);
    for (const char* function : {"exit", "execute", "setlocale"}) remove(lua, LUA_OSLIBNAME, function);
  }
  if (further.io) {
    open(lua, LUA_IOLIBNAME, luaopen_io);
    remove(lua, LUA_IOLIBNAME, "popen");
  }
  lua_register(lua, "print", print);
  installGuards(lua);
}

}  // namespace clusterkit::script
