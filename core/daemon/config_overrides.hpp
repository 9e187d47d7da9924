// Values from the command line and the environment, laid over what the file says. [ctl]
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config_file.hpp"
#include "host/section.hpp"

namespace clusterkit {

// --set section.key=value or --set sink.audit.key=value.
struct KeyOverride {
  std::string kind;
  std::string instance;
  std::string key;
  std::string value;
};
// Throws ConfigError if the text is none, or the key is given twice.
std::vector<KeyOverride> parseAssignments(std::span<const std::string> texts);

// Makes the sections that assignments name, so that the environment can address them.
void declareSections(std::vector<ConfigSection>& sections, std::span<const KeyOverride> assignments);
void applyAssignments(std::vector<ConfigSection>& sections, std::span<const KeyOverride> assignments);

// CLUSTERKIT_<SECTION>_<KEY>, such as CLUSTERKIT_NODE_ID; of named sections CLUSTERKIT_SINK_AUDIT_TIMEOUT,
// where '-' in a name is written '_'. A named section must be declared by the file or the command line; where
// one declared name starts with another, the longest that fits is meant. An unknown key of a section is an
// error. Returns the variables that start with CLUSTERKIT_ but name no section: they may belong to somebody
// else (CLUSTERKIT_ADDRESS is the command's, and orchestrators inject CLUSTERKIT_SERVICE_HOST,
// CLUSTERKIT_HTTP_PORT=tcp://… and the like for a service of that name).
std::vector<std::string> applyEnvironment(std::vector<ConfigSection>& sections,
                                          const Environment& environment);

// The variable for a key: "CLUSTERKIT_SINK_AUDIT_TIMEOUT".
std::string environmentName(std::string_view kind, std::string_view instance, std::string_view key);

}  // namespace clusterkit
