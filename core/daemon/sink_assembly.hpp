// The hook sinks of the configuration, made of their plugins.
#pragma once

#include <memory>

#include "daemon/settings.hpp"
#include "events/sink_port.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit {

// Throws ConfigError for what this version, or this plugin, cannot do.
void checkSink(const SinkSettings& settings, const ck_component& component);

// Creates the instance. `onFatal` runs on the loop, at most once. Throws PluginError.
std::unique_ptr<SinkPort> makeSinkPort(const SinkSettings& settings, const ck_component& component,
                                       const ck_config& config, HostParts parts,
                                       HostServices::FatalHandler onFatal);

}  // namespace clusterkit
