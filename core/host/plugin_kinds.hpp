// The kinds of component this host can run. A role is the word of the config file; a kind is a revision of
// its table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace clusterkit {

// "sink" for "clusterkit.sink/1" and "clusterkit.sink.simple/1"; empty for a kind this host does not know.
std::string_view roleOf(std::string_view kind);

// All kinds this host knows, as text for a refusal.
std::vector<std::string> knownKinds();

// consensus, transport, store, sink.
std::vector<std::string> knownRoles();

}  // namespace clusterkit
