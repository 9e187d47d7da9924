// clusterkitd: reads its command line and configuration, runs one node until a signal or a failure ends it.
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <memory>

#include "daemon/command_line.hpp"
#include "daemon/exit_code.hpp"
#include "daemon/launch.hpp"
#include "daemon/load_settings.hpp"
#include "daemon/open_files.hpp"
#include "daemon/version.hpp"
#include "host/current_plugin.hpp"
#include "host/plugin_help.hpp"
#include "host/plugin_list.hpp"
#include "host/plugin_refused.hpp"

namespace clusterkit {
namespace {

// Of the store, the transport, the plugins and their children; clients' connections come on top.
constexpr std::uint64_t kOwnFiles = 256;

ConfigSources sourcesOf(const CommandLine& line) {
  return {line.config, line.assignments, processEnvironment(), std::filesystem::current_path()};
}

// Before any thread exists, so that every thread inherits it and only main() sees these signals.
sigset_t blockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

int checkConfig(const CommandLine& line) {
  LoadedSettings loaded = loadSettings(sourcesOf(line));
  const PluginCatalog catalog = findPlugins(line.pluginPath, loaded.settings.plugins);
  PluginLibraries libraries({}, PluginTrust::ofThisProcess(loaded.settings.plugins.allow));
  (void)choosePlugins(loaded.settings, catalog, libraries, DataFolder::LeaveAlone);
  std::cout << "configuration ok: node " << loaded.settings.node.id << ", consensus "
            << loaded.settings.plugins.consensus << ", transport " << loaded.settings.plugins.transport
            << ", store " << loaded.settings.plugins.store << "\n";
  return 0;
}

// The plugin folders of the configuration count too, when one is given.
PluginCatalog catalogOf(const CommandLine& line) {
  const bool configured = line.config || !line.assignments.empty();
  return findPlugins(line.pluginPath,
                     configured ? loadSettings(sourcesOf(line)).settings.plugins : PluginSettings{});
}

int listPlugins(const CommandLine& line) {
  const PluginCatalog catalog = catalogOf(line);
  std::cout << (line.json ? listPluginsJson(catalog) : listPluginsText(catalog));
  return 0;
}

int helpOnPlugin(const CommandLine& line) {
  const auto dot = line.pluginHelp.find('.');
  if (dot == std::string::npos)
    throw ConfigError("--plugin-help '" + line.pluginHelp +
                      "': expected KIND.ID, for example consensus.raft");
  const PluginCatalog catalog = catalogOf(line);
  PluginLibraries libraries({});
  std::cout << pluginHelp(
      libraries.component(catalog, line.pluginHelp.substr(0, dot), line.pluginHelp.substr(dot + 1)));
  return 0;
}

// What can change while the node runs: the log's level, and its file after a rotation. All or nothing.
void reload(const CommandLine& line, LineLog& log) {
  try {
    const Settings fresh = loadSettings(sourcesOf(line)).settings;
    log.reopen();
    log.setLevel(fresh.log.level);
    log.info("reloaded", {{"log_level", name(fresh.log.level)},
                          {"sinks", "by POST /v1/sinks/NAME/reload"},
                          {"rest", "needs a restart"}});
  } catch (const std::exception& error) {
    log.error("reload_refused", {{"reason", error.what()}, {"effect", "nothing was changed"}});
  }
}

// The files of the plugins are read whole to be checked. Left to itself, glibc would take such buffers from
// its heap after the first one, and keep them.
void returnLargeBuffers() {
  constexpr int largeFrom = 4 * 1024 * 1024;
  mallopt(M_MMAP_THRESHOLD, largeFrom);
}

int run(const CommandLine& line) {
  returnLargeBuffers();
  if (!line.config && line.assignments.empty())
    throw ConfigError("no configuration: use --config FILE; see --help");
  const sigset_t signals = blockSignals();
  installCrashHandler();
  LoadedSettings loaded = loadSettings(sourcesOf(line));
  Settings& settings = loaded.settings;
  LineLog log(
      {settings.log.format, settings.log.level, settings.log.file ? settings.log.file->string() : "", {}});
  for (const std::string& variable : loaded.ignoredVariables)
    log.warn("environment_ignored",
             {{"variable", variable}, {"reason", "names no section of the configuration"}});

  const std::uint64_t files = settings.http.maxConnections + kOwnFiles;
  if (const std::uint64_t allowed = allowOpenFiles(files); allowed < files)
    log.warn("open_files_limited", {{"allowed", allowed},
                                    {"needed", files},
                                    {"for", "http.max_connections"},
                                    {"effect", "clients may be refused before that"}});

  const PluginCatalog catalog = findPlugins(line.pluginPath, settings.plugins);
  PluginLibraries libraries(settings.node.dataDir / "plugins",
                            PluginTrust::ofThisProcess(settings.plugins.allow));
  std::atomic<int> exitCode{0};
  RunningNode node(settings, choosePlugins(settings, catalog, libraries, DataFolder::Prepare), log,
                   [&exitCode](int code, const std::string&) {
                     exitCode = code;
                     kill(getpid(), SIGUSR1);
                   },
                   {.sinkSource = [&](const std::string& name) {
                     return chooseSink(loadSettings(sourcesOf(line)).settings, name, catalog, libraries);
                   }});
  node.start();
  for (int number = SIGHUP; number == SIGHUP;) {
    if (sigwait(&signals, &number) != 0) break;
    if (number == SIGHUP)
      reload(line, log);
    else if (number != SIGUSR1)
      log.info("stopping", {{"signal", number == SIGINT ? "INT" : "TERM"}});
  }
  node.stop();
  return exitCode;
}

int act(const CommandLine& line) {
  switch (line.action) {
    case CommandLine::Action::Run: return run(line);
    case CommandLine::Action::CheckConfig: return checkConfig(line);
    case CommandLine::Action::ListPlugins: return listPlugins(line);
    case CommandLine::Action::PluginHelp: return helpOnPlugin(line);
    case CommandLine::Action::Version: std::cout << "clusterkitd " << kVersion << "\n"; return 0;
    case CommandLine::Action::Help: std::cout << usage(); return 0;
  }
  return 0;
}

int guardedMain(int argc, const char* const* argv) {
  const auto say = [](const std::exception& error, int code) {
    std::cerr << "clusterkitd: " << error.what() << "\n";
    return code;
  };
  try {
    return act(parseCommandLine(argc, argv));
  } catch (const ConfigError& error) {
    return say(error, kExitConfiguration);
  } catch (const PluginRefused& error) {
    return say(error, kExitPlugin);
  } catch (const PluginError& error) {
    return say(error, kExitPlugin);
  } catch (const NodeFailure& error) {
    return say(error, error.exitCode);
  } catch (const std::exception& error) {
    return say(error, kExitPlugin);
  }
}

}  // namespace
}  // namespace clusterkit

int main(int argc, char** argv) { return clusterkit::guardedMain(argc, argv); }
