// A plugin of the kind sink/1: takes a batch on the loop and acknowledges later, from any thread. The host
// gives one event a batch, so that each is answered by itself.
#pragma once

#include <clusterkit/sink.h>

#include <map>
#include <memory>

#include "events/abi_event.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit {

class AsyncSink final : public SinkPort {
 public:
  // Throws PluginError. `onFatal`: see HostServices.
  AsyncSink(const ck_component& component, const ck_config& config, HostParts parts,
            HostServices::FatalHandler onFatal);
  ~AsyncSink() override;

  void probe() override;
  void start() override;
  void deliver(OutgoingEvent event, Answered answered) override;
  void stop(MonotonicTime deadline, Task done) override;
  void leaveLoop() override;

 private:
  friend struct SinkUpcalls;
  struct UnderWay {
    std::unique_ptr<AbiEvent> event;  // valid for the plugin until it has answered
    Answered answered;
  };

  using UnderWayMap = std::map<std::uint64_t, UnderWay>;  // by batch

  static void keepForEver(UnderWayMap events);
  void settle(std::uint64_t batch, const char* function, SinkAnswer answer);
  void answerLater(Answered answered, SinkAnswer answer);

  HostParts parts_;
  Lifetime lifetime_;
  std::unique_ptr<HostServices> host_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_sink_1* table_ = nullptr;
  UnderWayMap underWay_;
  std::uint64_t lastBatch_ = 0;
  bool running_ = false;
  bool hasLeft_ = false;  // the loop
};

}  // namespace clusterkit
