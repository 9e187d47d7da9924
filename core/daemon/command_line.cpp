#include "daemon/command_line.hpp"

#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include "host/section.hpp"

namespace clusterkit {
namespace {

using Poco::Util::Option;
using Action = CommandLine::Action;

Poco::Util::OptionSet options() {
  Poco::Util::OptionSet set;
  set.addOption(Option("config", "c").argument("FILE"));
  set.addOption(Option("set", "s").argument("KEY=VALUE").repeatable(true));
  set.addOption(Option("plugin-path", "").argument("FOLDER").repeatable(true));
  set.addOption(Option("check-config", ""));
  set.addOption(Option("list-plugins", ""));
  set.addOption(Option("plugin-help", "").argument("KIND.ID"));
  set.addOption(Option("json", ""));
  set.addOption(Option("version", ""));
  set.addOption(Option("help", "h"));
  return set;
}

void take(CommandLine& out, const std::string& name, const std::string& value) {
  if (name == "config")
    out.config = std::filesystem::absolute(value);
  else if (name == "set")
    out.assignments.push_back(value);
  else if (name == "plugin-path")
    out.pluginPath.push_back(std::filesystem::absolute(value));
  else if (name == "json")
    out.json = true;
  else if (name == "check-config")
    out.action = Action::CheckConfig;
  else if (name == "list-plugins")
    out.action = Action::ListPlugins;
  else if (name == "version")
    out.action = Action::Version;
  else if (name == "help")
    out.action = Action::Help;
  else if (name == "plugin-help") {
    out.action = Action::PluginHelp;
    out.pluginHelp = value;
  }
}

}  // namespace

CommandLine parseCommandLine(int argc, const char* const* argv) {
  const Poco::Util::OptionSet known = options();
  Poco::Util::OptionProcessor processor(known);
  processor.setUnixStyle(true);
  CommandLine out;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    try {
      std::string name,
          value;  // an option whose value is the next argument comes out once that was processed
      if (!processor.process(argument, name, value))
        throw ConfigError("'" + argument + "' is no option; see --help");
      if (!name.empty()) take(out, name, value);
    } catch (const Poco::Util::OptionException& error) {
      throw ConfigError("'" + argument + "': " + error.displayText() + "; see --help");
    }
  }
  try {
    processor.checkRequired();
  } catch (const Poco::Util::OptionException& error) {
    throw ConfigError(error.displayText() + "; see --help");
  }
  return out;
}

std::string usage() {
  return "clusterkitd --config FILE [options]\n"
         "\n"
         "  -c, --config FILE        the configuration, .ini or .xml\n"
         "  -s, --set KEY=VALUE      one key of it, for example node.id=node-1; repeatable\n"
         "      --plugin-path FOLDER where to look for plugins first; repeatable\n"
         "      --check-config       check configuration and plugins, start nothing\n"
         "      --list-plugins       what plugins there are and why some are refused; with --json as JSON\n"
         "      --plugin-help K.ID   a commented sample section, for example of consensus.raft\n"
         "      --version\n"
         "  -h, --help\n"
         "\n"
         "Exit codes: 0 clean stop, 2 bad configuration, 3 a plugin was refused or failed, 4 the store is "
         "damaged or\n"
         "refuses, 5 a broken invariant, 6 the address is in use.\n";
}

}  // namespace clusterkit
