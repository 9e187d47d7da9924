#include "daemon/sink_reload.hpp"

#include <utility>

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kTimeToEnd = 2s;  // for what is under way; a script is asked by SIGTERM, then killed

}  // namespace

SinkReload::SinkReload(EventLoop& loop, Workers& workers, EventJournal& journal, SinkSource source, Make make)
    : loop_(loop),
      workers_(workers),
      journal_(journal),
      recipe_(std::make_shared<const Recipe>(Recipe{std::move(source), std::move(make)})) {}

SinkReload::Fresh SinkReload::Recipe::follow(const std::string& name) const {
  try {
    const ChosenSink chosen = source(name);
    return std::make_shared<EventJournal::NewSink>(make(chosen.settings, chosen.plugin));
  } catch (const std::exception& error) {
    return Failure{Status::Invalid, error.what()};
  }
}

void SinkReload::reload(std::string name, HookSink::Answered answered) {
  if (!recipe_->source)
    return answered(Failure{Status::Unsupported, "the configuration of this node is in no file"});
  if (auto why = journal_.cannotReplace(name, std::nullopt)) return answered(std::move(*why));
  if (reading_) return answered(Failure{Status::Conflict, "another sink is being reloaded"});
  // Shared, because a worker that refuses the task keeps it.
  auto answer = std::make_shared<HookSink::Answered>(std::move(answered));
  reading_ = workers_.tryRun(
      [this, alive = lifetime_.watch(), &loop = loop_, recipe = recipe_, name = std::move(name), answer] {
        loop.post([this, alive, answer, fresh = recipe->follow(name)] {
          if (alive.expired()) return;
          reading_ = false;
          install(fresh, std::move(*answer));
        });
      });
  if (!reading_) (*answer)(Failure{Status::Unavailable, "too much work is waiting; try again"});
}

void SinkReload::install(Fresh fresh, HookSink::Answered answered) {
  if (!fresh) return answered(fresh.failure());
  journal_.replace(std::move(*fresh.value()), loop_.now() + kTimeToEnd, std::move(answered));
}

}  // namespace clusterkit
