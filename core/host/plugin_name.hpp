// Which plugin instance is meant, in logs, metrics and crash reports.
#pragma once

#include <string>

namespace clusterkit {

struct PluginName {
  std::string kind;      // "store"
  std::string id;        // "sqlite"
  std::string instance;  // "store", or "audit" of [sink.audit]

  // "store sqlite", "sink script (audit)"
  std::string text() const {
    std::string out = kind + " " + id;
    if (!instance.empty() && instance != kind) out += " (" + instance + ")";
    return out;
  }
};

}  // namespace clusterkit
