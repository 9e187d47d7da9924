// Raw configuration as it was read from a file, the environment or the command line, before any meaning is
// given to it. The daemon's readers produce it; the core's settings and the plugins' options are made from
// it.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace clusterkit {

// A value and where it came from: "clusterkit.ini:12", "environment CLUSTERKIT_NODE_ID" or "--set".
struct ConfigValue {
  std::string text;
  std::string origin;
};

// One section: [http], or [sink.audit] with kind "sink" and instance "audit".
struct ConfigSection {
  std::string kind;
  std::string instance;  // empty for unnamed sections
  std::string origin;
  std::map<std::string, ConfigValue> values;
};

// A configuration that cannot be used: one line that names file, line, key, value and what is allowed. Exit
// code 2.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace clusterkit
