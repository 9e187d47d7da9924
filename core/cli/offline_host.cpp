#include "cli/offline_host.hpp"

#include <sstream>

#include "host/plugin_catalog.hpp"

namespace clusterkit::cli {

class OfflineHost::Warnings final : public Log {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::Warn; }
  void write(LogLevel, std::string_view event, Fields fields) override {
    std::ostringstream line;
    line << event;
    for (const LogField& field : fields) {
      if (field.key == "plugin") continue;
      line << " " << field.key << "=";
      std::visit([&](const auto& value) { line << value; }, field.value);
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(line.str());
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

OfflineHost::OfflineHost(const std::filesystem::path& dataDir)
    : dataDir_(dataDir),
      warnings_(std::make_unique<Warnings>()),
      faults_(*warnings_, metrics_),
      tokens_(loop_.loop(), faults_) {}

OfflineHost::~OfflineHost() { end(); }

OfflinePlugin OfflineHost::plugin(const std::string& role, const std::string& id) {
  PluginSearch search;
  search.builtinFolder = builtinPluginFolder();
  const ck_component& component = libraries_.component(PluginCatalog::scan(search), role, id);
  OptionRules rules;
  rules.baseFolder = dataDir_;
  rules.dataDir = dataDir_.string();
  return {component, CheckedOptions(ConfigSection{role, "", "clusterkit", {}}, optionRows(component), rules)};
}

HostParts OfflineHost::parts() { return {loop_.loop(), workers_, *warnings_, metrics_, faults_, tokens_}; }

std::vector<std::string> OfflineHost::warnings() const { return warnings_->lines(); }

}  // namespace clusterkit::cli
