#include "settings.hpp"

#include <filesystem>

#include "file_check.hpp"

namespace clusterkit::script {
namespace {

[[noreturn]] void refuse(const std::string& option, const std::string& value, const std::string& what) {
  throw Error(CK_INVALID, option + " = '" + value + "': " + what);
}

Mode modeOf(const std::string& name) {
  if (name == "stream") return Mode::stream;
  return name == "lua" ? Mode::lua : Mode::perEvent;
}

void refuseOptionsOfOtherModes(const Config& config, const std::string& mode) {
  const bool lua = modeOf(mode) == Mode::lua;
  for (const char* option : {"command", "args", "env", "directory"})
    if (lua && config.has(option))
      refuse(option, config.str(option), "has no meaning with mode = lua; allowed there: script, allow");
  for (const char* option : {"script", "allow"})
    if (!lua && config.has(option))
      refuse(option, config.str(option), "has no meaning with mode = " + mode + "; it belongs to mode = lua");
}

std::string requiredPath(const Config& config, const char* option, const std::string& mode) {
  if (!config.has(option))
    throw Error(CK_INVALID, std::string(option) + " is missing; mode = " + mode + " needs it");
  return std::filesystem::absolute(config.str(option)).lexically_normal();
}

bool isVariableName(const std::string& name) {
  const std::string first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  return !name.empty() && first.find(name[0]) != std::string::npos &&
         name.find_first_not_of(first + "0123456789") == std::string::npos;
}

std::map<std::string, std::string> variables(const std::vector<std::string>& list) {
  std::map<std::string, std::string> out;
  for (const std::string& entry : list) {
    const auto equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    if (equals == std::string::npos || !isVariableName(name)) refuse("env", entry, "allowed is NAME=value");
    if (name.starts_with("CLUSTERKIT_")) refuse("env", entry, "names with CLUSTERKIT_ are given by the node");
    if (!out.emplace(name, entry.substr(equals + 1)).second) refuse("env", entry, "is set twice");
  }
  return out;
}

std::string workingDirectory(const Config& config) {
  if (!config.has("directory")) return config.dataDir();
  const auto path = std::filesystem::absolute(config.str("directory"));
  std::error_code error;
  if (!std::filesystem::is_directory(path, error))
    refuse("directory", path, "allowed is a folder that exists");
  return path;
}

void readProcessOptions(const Config& config, const std::string& mode, Settings& s) {
  s.file = requiredPath(config, "command", mode);
  checkExecutable("command", s.file);
  s.arguments = config.list("args");
  s.environment = variables(config.list("env"));
  s.directory = workingDirectory(config);
  s.killAfter = config.duration("kill_after");
}

void readLuaOptions(const Config& config, const std::string& mode, Settings& s) {
  s.file = requiredPath(config, "script", mode);
  checkReadable("script", s.file);
  s.maxMemory = config.size("max_memory");
  s.maxInstructions = config.size("max_instructions");
  for (const std::string& library : config.list("allow")) {
    if (library != "os" && library != "io") refuse("allow", library, "allowed are os and io");
    (library == "os" ? s.allowOs : s.allowIo) = true;
  }
}

}  // namespace

Verdict Settings::failed(std::string why) const {
  return onFailure == CK_RETRY ? retry(std::move(why)) : reject(std::move(why));
}

Settings readSettings(const Config& config) {
  Settings s;
  const std::string mode = config.str("mode");
  s.mode = modeOf(mode);
  refuseOptionsOfOtherModes(config, mode);
  s.sink = config.instance();
  s.onFailure = config.str("on_failure") == "dead_letter" ? CK_INVALID : CK_RETRY;
  s.maxOutput = config.size("max_output");
  s.mode == Mode::lua ? readLuaOptions(config, mode, s) : readProcessOptions(config, mode, s);
  s.name = std::filesystem::path(s.file).filename();
  return s;
}

}  // namespace clusterkit::script
