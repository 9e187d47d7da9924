#include "daemon/sink_reload.hpp"

#include <optional>
#include <utility>

#include "host/plugin_refused.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeToEnd = 2s;  // for what is under way; a script is asked by SIGTERM, then killed

Result<ChosenSink> read(const SinkSource& source, const std::string& name) {
  try {
    return source(name);
  } catch (const std::exception& error) {
    return Failure{Status::Invalid, error.what()};
  }
}

}  // namespace

void SinkReload::reload(std::string name, HookSink::Answered answered) {
  if (!parts_.source)
    return answered(Failure{Status::Unsupported, "the configuration of this node is in no file"});
  if (reading_) return answered(Failure{Status::Conflict, "another sink is being reloaded"});
  // Shared, because a worker that refuses the task keeps it.
  auto answer = std::make_shared<HookSink::Answered>(std::move(answered));
  reading_ = parts_.workers.tryRun([this, alive = lifetime_.watch(), &loop = parts_.loop,
                                    &source = parts_.source, name = std::move(name), answer] {
    loop.post([this, alive, answer, chosen = read(source, name)] {
      if (alive.expired()) return;
      reading_ = false;
      if (chosen)
        install(chosen.value(), std::move(*answer));
      else
        (*answer)(chosen.failure());
    });
  });
  if (!reading_) (*answer)(Failure{Status::Unavailable, "too much work is waiting; try again"});
}

void SinkReload::install(const ChosenSink& chosen, HookSink::Answered answered) {
  std::optional<EventJournal::NewSink> fresh;
  try {
    fresh = parts_.make(chosen.settings, chosen.plugin);
  } catch (const PluginError& error) {
    return answered(Failure{Status::Invalid, error.what()});
  }
  parts_.journal.replace(std::move(*fresh), parts_.loop.now() + kTimeToEnd, std::move(answered));
}

}  // namespace clusterkit
