// The measured way into a plugin's function. Every call of a port or proxy passes here, so this is also where
// faults can be injected and calls recorded.
#pragma once

#include <cstdint>
#include <ctime>

#include "host/current_plugin.hpp"
#include "host/host_services.hpp"

namespace clusterkit {

// One function of one instance: how often it was called and how long it took. [loop]
// Each call is counted; every 16th is timed exactly; a coarse clock (4 ms, a few ns to read) finds every slow
// one.
class CallMeter {
 public:
  CallMeter(const HostServices& host, const HostParts& parts, const char* function);
  CallMeter(const CallMeter&) = delete;
  CallMeter& operator=(const CallMeter&) = delete;

  const char* plugin() const { return plugin_; }
  const char* function() const { return function_; }

 private:
  friend class PluginCall;
  void reportSlow(std::int64_t coarseNs);

  const char* plugin_;
  const char* function_;
  Log& log_;
  Counter& calls_;
  Timing& seconds_;
  std::uint64_t count_ = 0;
};

// One call, from construction to destruction.
class PluginCall {
 public:
  explicit PluginCall(CallMeter& meter);
  ~PluginCall();
  PluginCall(const PluginCall&) = delete;
  PluginCall& operator=(const PluginCall&) = delete;

 private:
  CallMeter& meter_;
  OnPluginStack onStack_;
  std::int64_t coarseStartNs_;
  std::int64_t exactStartNs_;  // 0: this call is not timed exactly
};

}  // namespace clusterkit
