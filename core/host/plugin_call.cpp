#include "host/plugin_call.hpp"

namespace clusterkit {

namespace {

constexpr std::uint64_t timedOneIn = 16;
constexpr std::int64_t slowNs = 50'000'000;  // a heartbeat's interval is the scale

std::int64_t readClock(clockid_t clock) {
  timespec at{};
  ::clock_gettime(clock, &at);
  return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

MetricLabels labelsOf(const PluginName& name, const char* function) {
  return {{"plugin", name.id}, {"kind", name.kind}, {"function", function}};
}

}  // namespace

CallMeter::CallMeter(const HostServices& host, const HostParts& parts, const char* function)
    : plugin_(host.label()),
      function_(function),
      log_(parts.log),
      calls_(parts.metrics.counter("clusterkit_plugin_calls_total", "Calls into plugins",
                                   labelsOf(host.name(), function))),
      seconds_(parts.metrics.timing("clusterkit_plugin_call_seconds", "Time of calls into plugins, one in 16",
                                    labelsOf(host.name(), function))) {}

void CallMeter::reportSlow(std::int64_t coarseNs) {
  log_.warn("slow_plugin_call",
            {{"plugin", plugin_}, {"function", function_}, {"spent_ms", coarseNs / 1'000'000}});
}

PluginCall::PluginCall(CallMeter& meter)
    : meter_(meter),
      onStack_(meter.plugin_, meter.function_),
      coarseStartNs_(readClock(CLOCK_MONOTONIC_COARSE)),
      exactStartNs_(meter.count_++ % timedOneIn == 0 ? readClock(CLOCK_MONOTONIC) : 0) {}

PluginCall::~PluginCall() {
  meter_.calls_.add(1);
  if (exactStartNs_ != 0)
    meter_.seconds_.observe(static_cast<double>(readClock(CLOCK_MONOTONIC) - exactStartNs_) * 1e-9);
  const std::int64_t took = readClock(CLOCK_MONOTONIC_COARSE) - coarseStartNs_;
  if (took >= slowNs) meter_.reportSlow(took);
}

}  // namespace clusterkit
