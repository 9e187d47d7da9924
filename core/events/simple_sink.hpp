// A plugin of the kind sink.simple: one blocking deliver, called on threads of its own.
#pragma once

#include <clusterkit/sink.h>

#include <memory>

#include "events/delivery_threads.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit {

class SimpleSink final : public SinkPort {
 public:
  // Throws PluginError. `onFatal`: see HostServices.
  SimpleSink(const ck_component& component, const ck_config& config, HostParts parts,
             HostServices::FatalHandler onFatal, std::uint32_t concurrency);
  ~SimpleSink() override;

  void deliver(OutgoingEvent event, Answered answered) override;
  void stop(MonotonicTime deadline, Task done) override;

 private:
  HostParts parts_;
  std::unique_ptr<HostServices> host_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_sink_simple_1* table_ = nullptr;
  std::unique_ptr<DeliveryThreads> threads_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
