#include "events/simple_sink.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "events/abi_event.hpp"
#include "host/current_plugin.hpp"

namespace clusterkit {
namespace {

SinkAnswer callDeliver(const ck_sink_simple_1& table, void* self, const char* plugin,
                       const OutgoingEvent& out) {
  const AbiEvent event(out);
  ck_error error = makeError(CK_OK, "");
  const OnPluginStack onStack(plugin, "deliver");
  const ck_status status = table.deliver(self, &event.raw(), &error);
  if (status == CK_OK) return {};
  return {toStatus(status), textOf(error), std::chrono::milliseconds(error.retry_after_ms)};
}

}  // namespace

SimpleSink::SimpleSink(const ck_component& component, const ck_config& config, HostParts parts,
                       HostServices::FatalHandler onFatal, std::uint32_t concurrency)
    : parts_(parts),
      host_(std::make_unique<HostServices>(nameOf(component, config), parts, std::move(onFatal))),
      instance_(std::make_unique<PluginInstance>(component, config, *host_, parts.log)),
      table_(static_cast<const ck_sink_simple_1*>(
          instance_->table(CK_SINK_SIMPLE_KIND, offsetof(ck_sink_simple_1, cancel)))),
      threads_(std::make_unique<DeliveryThreads>(parts.loop, concurrency)) {}

SimpleSink::~SimpleSink() {
  if (threads_->busy() != 0) instance_->abandon();
  threads_.reset();
}

void SimpleSink::deliver(OutgoingEvent event, Answered answered) {
  threads_->run([table = table_, self = instance_->self(), plugin = host_->label(),
                 event = std::move(event)] { return callDeliver(*table, self, plugin, event); },
                std::move(answered));
}

void SimpleSink::stop(MonotonicTime deadline, Task done) {
  if (CK_HAS(table_, cancel)) {
    const OnPluginStack onStack(host_->label(), "cancel");
    table_->cancel(instance_->self());
  }
  awaitIdle(parts_.loop, *threads_, lifetime_.watch(), deadline, std::move(done));
}

}  // namespace clusterkit
