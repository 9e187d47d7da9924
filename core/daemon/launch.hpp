// From a configuration to a node that may start: settings, the plugins they name, and those plugins' own
// checked options.
#pragma once

#include <memory>

#include "daemon/running_node.hpp"
#include "daemon/settings.hpp"
#include "host/plugin_catalog.hpp"
#include "host/plugin_library.hpp"

namespace clusterkit {

// Where plugins are looked for: `first`, then [plugins] path, then beside the executable. Throws
// PluginRefused.
PluginCatalog findPlugins(const std::vector<std::filesystem::path>& first, const PluginSettings& settings);

// Loads and configures what the settings choose; makes the data folder (0700) if `prepare` says so. Throws
// ConfigError, PluginRefused, and NodeFailure for a data folder that cannot be used.
enum class DataFolder { Prepare, LeaveAlone };
ChosenPlugins choosePlugins(Settings& settings, const PluginCatalog& catalog, PluginLibraries& libraries,
                            DataFolder folder);

// Of settings that were read anew, the sink of this name. Throws ConfigError, PluginRefused.
ChosenSink chooseSink(const Settings& settings, const std::string& name, const PluginCatalog& catalog,
                      PluginLibraries& libraries);

}  // namespace clusterkit
