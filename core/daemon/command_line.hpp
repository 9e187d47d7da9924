// What the daemon was asked for on its command line.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace clusterkit {

struct CommandLine {
  enum class Action { Run, CheckConfig, ListPlugins, PluginHelp, Version, Help };
  Action action = Action::Run;
  std::optional<std::filesystem::path> config;
  std::vector<std::string> assignments;           // of --set
  std::vector<std::filesystem::path> pluginPath;  // absolute
  std::string pluginHelp;                         // "sink.script"
  bool json = false;
};

// Throws ConfigError for what is no option, or lacks its value.
CommandLine parseCommandLine(int argc, const char* const* argv);

std::string usage();

}  // namespace clusterkit
