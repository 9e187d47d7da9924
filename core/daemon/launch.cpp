#include "daemon/launch.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "host/plugin_kinds.hpp"

namespace fs = std::filesystem;

namespace clusterkit {
namespace {

constexpr int kExitConfiguration = 2;

ChosenPlugin choose(const Settings& settings, const ConfigSection& section, const PluginCatalog& catalog,
                    PluginLibraries& libraries, std::string_view role, const std::string& id) {
  const ck_component& component = libraries.component(catalog, role, id);
  return {component, pluginOptions(settings, section, component), catalog.resolve(role, id).file->path.string(),
          component.version};
}

// Others on the machine have no business in a node's log and keys.
void prepareFolder(const fs::path& folder) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw NodeFailure(kExitConfiguration, "node.data_dir = " + folder.string() + " cannot be made: " +
                                              (error ? error.message() : "it is no folder"));
  if (made) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) throw NodeFailure(kExitConfiguration, "node.data_dir = " + folder.string() + ": " + error.message());
}

}  // namespace

PluginCatalog findPlugins(const std::vector<fs::path>& first, const PluginSettings& settings) {
  PluginSearch search;
  search.places = first;
  search.places.insert(search.places.end(), settings.path.begin(), settings.path.end());
  search.builtinFolder = builtinPluginFolder();
  return PluginCatalog::scan(search);
}

ChosenPlugins choosePlugins(Settings& settings, const PluginCatalog& catalog, PluginLibraries& libraries,
                            DataFolder folder) {
  const PluginSettings& wanted = settings.plugins;
  addTransportDefaults(settings, libraries.component(catalog, "transport", wanted.transport));
  ChosenPlugins chosen{choose(settings, settings.store, catalog, libraries, "store", wanted.store),
                       choose(settings, settings.transport, catalog, libraries, "transport", wanted.transport),
                       choose(settings, settings.consensus, catalog, libraries, "consensus", wanted.consensus)};
  if (folder == DataFolder::Prepare) prepareFolder(settings.node.dataDir);
  return chosen;
}

}  // namespace clusterkit
