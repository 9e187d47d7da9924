#include "daemon/sink_assembly.hpp"

#include <clusterkit/sink.h>

#include <string_view>
#include <utility>

#include "events/async_sink.hpp"
#include "events/simple_sink.hpp"

namespace clusterkit {
namespace {

bool isSimple(const ck_component& component) {
  return std::string_view(component.kind) == CK_SINK_SIMPLE_KIND;
}

}  // namespace

void checkSink(const SinkSettings& settings, const ck_component& component) {
  const std::string at = settings.section.origin + ": [sink." + settings.rules.name + "] ";
  if (settings.isolation == SinkIsolation::Process)
    throw ConfigError(at + "isolation = process: this version runs sinks in the daemon; allowed: inline");
  const bool takesSeveral = !isSimple(component) || (component.flags & CK_COMPONENT_CONCURRENT) != 0;
  if (settings.rules.delivery.concurrency > 1 && !takesSeveral)
    throw ConfigError(at + "concurrency = " + std::to_string(settings.rules.delivery.concurrency) +
                      ": the plugin " + component.id + " takes one event at a time; allowed: 1");
}

std::unique_ptr<SinkPort> makeSinkPort(const SinkSettings& settings, const ck_component& component,
                                       const ck_config& config, HostParts parts,
                                       HostServices::FatalHandler onFatal) {
  if (isSimple(component))
    return std::make_unique<SimpleSink>(component, config, parts, std::move(onFatal),
                                        settings.rules.delivery.concurrency);
  return std::make_unique<AsyncSink>(component, config, parts, std::move(onFatal));
}

}  // namespace clusterkit
