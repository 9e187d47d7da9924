#include "fuzz/hook_settings.hpp"
#include "fuzz/require.hpp"
#include "settings.hpp"

namespace clusterkit::fuzz {
namespace {

void checkScript(const Config& config) {
  const script::Settings settings = script::readSettings(config);
  require(settings.file.starts_with('/'), "the file has an absolute path", settings.file);
  for (const auto& [name, value] : settings.environment) {
    require(!name.empty() && name.find('=') == std::string::npos, "a variable has a name", name);
    require(!name.starts_with("CLUSTERKIT_"), "the node's own variables are its own", name);
  }
  require(settings.mode != script::Mode::lua || settings.arguments.empty(), "lua has no arguments");
  require(settings.mode == script::Mode::lua || !(settings.allowIo || settings.allowOs),
          "libraries are of lua");
}

}  // namespace

const HookSettings& scriptSettings() {
  static constexpr HookSettings settings{script::kOptions, checkScript};
  return settings;
}

}  // namespace clusterkit::fuzz
