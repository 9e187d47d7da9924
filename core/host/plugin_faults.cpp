#include "host/plugin_faults.hpp"

#include <bit>

namespace clusterkit {

void PluginFaults::report(const PluginName& by, const char* function, const char* rule,
                          std::string_view detail) {
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    ++total_;
    count = ++countOf_[by.text() + '/' + function + '/' + rule];
  }
  metrics_
      .counter("clusterkit_plugin_faults_total", "Rules of the plugin interface that a plugin has broken",
               {{"plugin", by.id}, {"kind", by.kind}, {"function", function}})
      .add(1);
  if (std::has_single_bit(count))
    log_.warn("plugin_fault", {{"plugin", by.text()},
                               {"function", function},
                               {"rule", rule},
                               {"detail", detail},
                               {"count", count}});
}

std::uint64_t PluginFaults::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

}  // namespace clusterkit
