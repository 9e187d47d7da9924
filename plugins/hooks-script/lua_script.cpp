#include "lua_script.hpp"

#include <fstream>
#include <iterator>

#include "lua_event.hpp"
#include "lua_library.hpp"

namespace clusterkit::script {
namespace {

constexpr const char* kFunction = "on_event";
constexpr std::uint64_t kLongestLoad = 5'000'000'000;

std::string readText(const std::string& path, std::uint64_t limit) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = file.tellg();
  if (!file || size < 0) throw Error(CK_INVALID, "script = '" + path + "': cannot be read");
  if (static_cast<std::uint64_t>(size) > limit)
    throw Error(CK_INVALID, "script = '" + path + "': is larger than max_memory");
  file.seekg(0);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The functions below run inside Lua, where every error is caught; their argument is what they work on.
template <class T>
const T& argument(lua_State* lua) {
  return *static_cast<const T*>(lua_touserdata(lua, 1));
}

struct Source {
  const std::string& text;
  std::string chunk;  // how messages name it
  LuaLibraries libraries;
};

int loadSource(lua_State* lua) {
  const auto& source = argument<Source>(lua);
  openLibraries(lua, source.libraries);
  if (luaL_loadbufferx(lua, source.text.data(), source.text.size(), source.chunk.c_str(), "t") != LUA_OK)
    return lua_error(lua);
  lua_call(lua, 0, 0);
  if (lua_getglobal(lua, kFunction) != LUA_TFUNCTION)
    return luaL_error(lua, "does not define the function %s(event)", kFunction);
  return 0;
}

int callOnEvent(lua_State* lua) {
  if (lua_getglobal(lua, kFunction) != LUA_TFUNCTION)
    return luaL_error(lua, "%s is no function now", kFunction);
  pushEvent(lua, argument<LuaEvent>(lua));
  lua_call(lua, 1, 2);
  return 2;
}

int protectedCall(lua_State* lua, lua_CFunction function, const void* argument, int results) {
  lua_settop(lua, 0);
  watchInstructions(lua);
  lua_pushcfunction(lua, function);
  lua_pushlightuserdata(lua, const_cast<void*>(argument));
  return lua_pcall(lua, 1, results, 0);
}

}  // namespace

LuaScript::LuaScript(Host host, const Settings& settings, const std::atomic<bool>& cancelled)
    : settings_(settings),
      budget_(host, settings.maxMemory, settings.maxInstructions, cancelled),
      output_(host, settings.name, settings.maxOutput),
      lua_(lua_newstate(LuaBudget::allocate, &budget_)) {
  if (!lua_) throw Error(CK_INVALID, "max_memory is too small for Lua itself");
  setContext(lua_.get(), &context_);
  budget_.begin(host.now() + kLongestLoad);
  load(readText(settings.file, settings.maxMemory));
}

void LuaScript::load(const std::string& text) {
  const Source source{text, "@" + settings_.name, {settings_.allowOs, settings_.allowIo}};
  const int status = protectedCall(lua_.get(), loadSource, &source, 0);
  output_.finish();
  if (status != LUA_OK) throw Error(CK_INVALID, "script = '" + settings_.file + "': " + errorText());
}

Verdict LuaScript::onEvent(const Event& event) {
  const LuaEvent argument(event);
  output_.begin(event.seq());
  budget_.begin(event.deadline());
  const int status = protectedCall(lua_.get(), callOnEvent, &argument, 2);
  output_.finish();
  spoiled_ = status == LUA_ERRMEM || budget_.breach() != LuaBudget::Breach::none;
  const bool failed = status != LUA_OK || budget_.breach() != LuaBudget::Breach::none;
  const Verdict verdict = failed ? failure(status) : answer();
  lua_settop(lua_.get(), 0);
  return verdict;
}

Verdict LuaScript::failure(int status) {
  switch (budget_.breach()) {
    case LuaBudget::Breach::deadline:
    case LuaBudget::Breach::cancelled: return retry(budget_.breachText());
    case LuaBudget::Breach::instructions: return settings_.failed(budget_.breachText());
    case LuaBudget::Breach::none: break;
  }
  return settings_.failed(status == LUA_ERRMEM ? "more than max_memory was needed" : errorText());
}

Verdict LuaScript::answer() const {
  lua_State* lua = lua_.get();
  const int type = lua_type(lua, 1);
  const std::string word = type == LUA_TSTRING ? lua_tostring(lua, 1) : "";
  const std::string why = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "the script said so";
  if (type == LUA_TNIL || (type == LUA_TBOOLEAN && lua_toboolean(lua, 1) != 0)) return ack();
  if (type == LUA_TBOOLEAN || word == "retry") return retry(why);
  if (word == "reject") return reject(why);
  const std::string what =
      type == LUA_TSTRING ? "'" + word + "'" : std::string("a ") + lua_typename(lua, type);
  return settings_.failed(std::string(kFunction) + " returned " + what +
                          "; allowed: true, false, retry, reject");
}

std::string LuaScript::errorText() const {
  lua_State* lua = lua_.get();
  if (lua_type(lua, -1) == LUA_TSTRING) return lua_tostring(lua, -1);
  return std::string("an error that is a ") + luaL_typename(lua, -1);
}

}  // namespace clusterkit::script
