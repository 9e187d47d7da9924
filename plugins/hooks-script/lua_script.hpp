// One loaded Lua script with its state. Not thread-safe.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>
#include <memory>
#include <string>

#include "lua_context.hpp"
#include "settings.hpp"

namespace clusterkit::script {

class LuaScript {
 public:
  // Reads the file and runs it, within the limits. Throws Error(CK_INVALID) when that fails or it defines no
  // on_event. `settings` and `cancelled` must outlive this.
  LuaScript(Host host, const Settings& settings, const std::atomic<bool>& cancelled);
  LuaScript(const LuaScript&) = delete;
  LuaScript& operator=(const LuaScript&) = delete;

  Verdict onEvent(const Event& event);
  // A limit was hit: what the script holds may be half done, and it should be loaded anew.
  bool spoiled() const { return spoiled_; }

 private:
  struct Close {
    void operator()(lua_State* lua) const { lua_close(lua); }
  };

  void load(const std::string& text);
  Verdict answer() const;  // what on_event returned
  Verdict failure(int status);
  std::string errorText() const;

  const Settings& settings_;
  LuaBudget budget_;
  OutputLog output_;
  LuaContext context_{budget_, output_};
  std::unique_ptr<lua_State, Close> lua_;  // ends before what it uses
  bool spoiled_ = false;
};

}  // namespace clusterkit::script
