// From file, environment and command line to Settings: the precedence is command line, environment, file,
// default. [ctl]
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config_file.hpp"
#include "daemon/settings.hpp"

namespace clusterkit {

struct ConfigSources {
  std::optional<std::filesystem::path> file;
  std::vector<std::string> assignments;  // of --set, "section.key=value"
  Environment environment;
  std::filesystem::path workingFolder;  // absolute
};

struct LoadedSettings {
  Settings settings;
  std::vector<std::string> ignoredVariables;  // CLUSTERKIT_… that name no section of ours; worth a log line
};

// Throws ConfigError: one line for the first thing that is wrong.
LoadedSettings loadSettings(const ConfigSources& sources);

}  // namespace clusterkit
