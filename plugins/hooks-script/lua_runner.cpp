#include "lua_runner.hpp"

namespace clusterkit::script {

LuaRunner::LuaRunner(Host host, Settings settings)
    : host_(host),
      settings_(std::move(settings)),
      script_(std::make_unique<LuaScript>(host_, settings_, cancelled_)) {}

Verdict LuaRunner::deliver(const Event& event) try {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return retry("the sink is stopping");
  if (event.deadline() != 0 && host_.now() >= event.deadline()) return retry("deadline exceeded");
  if (!script_) script_ = std::make_unique<LuaScript>(host_, settings_, cancelled_);
  Verdict verdict = script_->onEvent(event);
  if (script_->spoiled()) {
    script_.reset();
    host_.log(CK_LOG_WARN, "script_reset",
              {{"script", settings_.name}, {"seq", event.seq()}, {"reason", verdict.text}});
  }
  return verdict;
} catch (const Error& e) {
  return cancelled_ ? retry("the sink is stopping") : settings_.failed(e.what());
}

}  // namespace clusterkit::script
