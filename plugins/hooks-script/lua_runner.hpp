// mode = lua: a function in this process, called for one event at a time.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>
#include <memory>
#include <mutex>

#include "lua_script.hpp"
#include "settings.hpp"

namespace clusterkit::script {

class LuaRunner final : public Sink {
 public:
  LuaRunner(Host host, Settings settings);       // throws Error(CK_INVALID) when the script cannot be loaded
  Verdict deliver(const Event& event) override;  // [pool]; several at once wait for each other
  void cancel() override { cancelled_ = true; }  // [any]

 private:
  Host host_;
  const Settings settings_;
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_;  // whoever holds it is at its own deadline soon, and so are those that wait
  std::unique_ptr<LuaScript> script_;  // null: to be loaded anew
};

}  // namespace clusterkit::script
