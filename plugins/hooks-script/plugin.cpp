// The component "script": see README.md.
#include <memory>

#include "lua_runner.hpp"
#include "per_event_runner.hpp"
#include "settings.hpp"
#include "stream_runner.hpp"

namespace clusterkit::script {
namespace {

std::unique_ptr<Sink> makeRunner(Host host, Settings settings) {
  switch (settings.mode) {
    case Mode::stream: return std::make_unique<StreamRunner>(host, std::move(settings));
    case Mode::lua: return std::make_unique<LuaRunner>(host, std::move(settings));
    case Mode::perEvent: break;
  }
  return std::make_unique<PerEventRunner>(host, std::move(settings));
}

class ScriptSink final : public Sink {
 public:
  static constexpr const ck_option* options = kOptions;

  explicit ScriptSink(const Setup& setup) : runner_(makeRunner(setup.host, readSettings(setup.config))) {}
  // For want of descriptors, processes or memory nothing can be said about the event.
  Verdict deliver(const Event& event) override try {
    return runner_->deliver(event);
  } catch (const std::system_error& e) {
    return retry(e.what());
  } catch (const std::bad_alloc&) {
    return retry("out of memory");
  }
  void cancel() override { runner_->cancel(); }

 private:
  std::unique_ptr<Sink> runner_;
};

}  // namespace
}  // namespace clusterkit::script

using clusterkit::script::ScriptSink;
CK_CONCURRENT_SINK(ScriptSink, "script", "0.1.0", "Runs a script or a Lua function for each event");
