// What `clusterkitd --list-plugins` prints.
#pragma once

#include <string>

#include "host/plugin_catalog.hpp"

namespace clusterkit {

// One line per component, then one per refused file, then where was looked. For people.
std::string listPluginsText(const PluginCatalog& catalog);

// {"host_abi","places":[…],"plugins":[{"file","size","sha256","state","reason"?,"abi","need","library","version",
// "components":[{"kind","id","version","summary","known","flags":[…]}]}]}, with an indent of two. What could
// not be read of a file is left out.
std::string listPluginsJson(const PluginCatalog& catalog);

}  // namespace clusterkit
