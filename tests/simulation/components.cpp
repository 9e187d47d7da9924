#include "simulation/components.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "host/plugin_catalog.hpp"
#include "host/plugin_library.hpp"

namespace clusterkit::sim {
namespace {

std::vector<Instances*>& nested() {
  static std::vector<Instances*> all;
  return all;
}

std::int64_t raftNumber(void* cx, const char* name) noexcept {
  const auto& options = *static_cast<const RaftOptions*>(cx);
  const std::string_view n = name;
  if (n == "heartbeat") return options.heartbeat.count();
  if (n == "election_timeout") return options.electionTimeout.count();
  if (n == "snapshot_entries") return options.snapshotEntries;
  if (n == "trailing_entries") return options.trailingEntries;
  if (n == "max_inflight") return options.maxInflight;
  if (n == "max_append") return options.maxAppend;
  if (n == "snapshot_bytes" || n == "max_uncommitted") return 64 << 20;
  return 4 << 20;  // max_entry
}

}  // namespace

Instances::Instances() { nested().push_back(this); }

Instances::~Instances() {
  std::erase(nested(), this);
  for (auto instance = living_.rbegin(); instance != living_.rend(); ++instance)
    instance->destroy(instance->self);
}

void Instances::born(Living instance) { nested().back()->living_.push_back(instance); }

void Instances::died(void* self) {
  for (Instances* instances : nested())
    std::erase_if(instances->living_, [self](const Living& l) { return l.self == self; });
}

ck_config RaftOptions::config() const {
  ck_config config = configOf(*this, "consensus");
  config.num = raftNumber;
  return config;
}

const ck_component& raftComponent() {
  static const ck_component component = [] {
    static PluginLibraries libraries({});
    const char* chosen = std::getenv("CLUSTERKIT_SIM_CONSENSUS");
    const PluginCatalog catalog =
        PluginCatalog::scan({{chosen != nullptr ? chosen : CLUSTERKIT_CONSENSUS_PLUGIN}, {}});
    return tracked<struct RaftPlugin>(libraries.component(catalog, "consensus", "raft"));
  }();
  return component;
}

}  // namespace clusterkit::sim
