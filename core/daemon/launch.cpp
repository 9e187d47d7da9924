#include "daemon/launch.hpp"

#include <filesystem>
#include <utility>

#include "daemon/exit_code.hpp"
#include "daemon/sink_assembly.hpp"
#include "host/plugin_kinds.hpp"

namespace fs = std::filesystem;

namespace clusterkit {
namespace {

ChosenPlugin choose(const Settings& settings, const ConfigSection& section, const PluginCatalog& catalog,
                    PluginLibraries& libraries, std::string_view role, const std::string& id) {
  const ck_component& component = libraries.component(catalog, role, id);
  return {component, pluginOptions(settings, section, component),
          catalog.resolve(role, id).file->path.string(), component.version};
}

ChosenPlugin choosePluginOf(const SinkSettings& sink, const Settings& settings, const PluginCatalog& catalog,
                            PluginLibraries& libraries) {
  ChosenPlugin chosen = choose(settings, sink.section, catalog, libraries, "sink", sink.plugin);
  checkSink(sink, chosen.component);
  return chosen;
}

// Better no node than one that seems to do what it was told and does not.
void refuseWhatIsNotThere(const Settings& settings) {
  for (const ServiceSettings& service : settings.services)
    if (service.check != ServiceSettings::Check::None)
      throw ConfigError("[service." + service.name +
                        "] check: this version checks no services yet; allowed is none");
}

}  // namespace

PluginCatalog findPlugins(const std::vector<fs::path>& first, const PluginSettings& settings) {
  PluginSearch search;
  search.places = first;
  search.places.insert(search.places.end(), settings.path.begin(), settings.path.end());
  search.builtinFolder = builtinPluginFolder();
  search.trust = PluginTrust::ofThisProcess(settings.allow);
  return PluginCatalog::scan(search);
}

ChosenPlugins choosePlugins(Settings& settings, const PluginCatalog& catalog, PluginLibraries& libraries,
                            DataFolder folder) {
  refuseWhatIsNotThere(settings);
  const PluginSettings& wanted = settings.plugins;
  auto prepared =
      folder == DataFolder::Prepare ? std::make_unique<PreparedFolder>(settings.node.dataDir) : nullptr;
  addTransportDefaults(settings, libraries.component(catalog, "transport", wanted.transport));
  ChosenPlugins chosen{
      choose(settings, settings.store, catalog, libraries, "store", wanted.store),
      choose(settings, settings.transport, catalog, libraries, "transport", wanted.transport),
      choose(settings, settings.consensus, catalog, libraries, "consensus", wanted.consensus),
      {},
      std::move(prepared)};
  for (const SinkSettings& sink : settings.sinks)
    chosen.sinks.push_back(choosePluginOf(sink, settings, catalog, libraries));
  return chosen;
}

ChosenSink chooseSink(const Settings& settings, const std::string& name, const PluginCatalog& catalog,
                      PluginLibraries& libraries) {
  for (const SinkSettings& sink : settings.sinks)
    if (sink.rules.name == name) return {sink, choosePluginOf(sink, settings, catalog, libraries)};
  throw ConfigError("the configuration has no section [sink." + name + "] any more");
}

}  // namespace clusterkit
