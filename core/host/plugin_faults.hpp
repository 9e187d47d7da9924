// The one place where broken rules of plugins are reported: wrong thread, wrong argument, unknown token.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "host/log.hpp"
#include "host/metrics.hpp"
#include "host/plugin_name.hpp"

namespace clusterkit {

// Counts every fault; logs the 1st, 2nd, 4th, 8th ... of each kind, so that a plugin in a loop cannot fill
// the disk.
class PluginFaults {
 public:
  PluginFaults(Log& log, MetricsSink& metrics) : log_(log), metrics_(metrics) {}

  // `function` and `rule` are literals: "submit", "called outside of the loop". [any]
  void report(const PluginName& by, const char* function, const char* rule, std::string_view detail = {});
  std::uint64_t total() const;  // [any]

 private:
  Log& log_;
  MetricsSink& metrics_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> countOf_;
  std::uint64_t total_ = 0;
};

}  // namespace clusterkit
