#include "host/host_record.hpp"

#include <thread>

namespace clusterkit {

namespace {

constexpr std::size_t maxInstruments = 256;
constinit std::atomic<HostRecord*> allRecords{nullptr};

std::string metricNameOf(const std::string& kind, std::string_view name) {
  std::string out = "clusterkit_" + kind + "_";
  out += name;
  for (char& c : out) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!fine) c = '_';
  }
  return out;
}

}  // namespace

HostRecord::HostRecord(PluginName n, HostParts p, HostServices::FatalHandler f)
    : name(std::move(n)), label(name.text()), parts(p), onFatal(std::move(f)) {}

HostRecord* HostRecord::make(PluginName name, HostParts parts, HostServices::FatalHandler onFatal) {
  auto* const record = new HostRecord(std::move(name), parts, std::move(onFatal));
  record->nextRecord_ = allRecords.load();
  while (!allRecords.compare_exchange_weak(record->nextRecord_, record)) {
  }
  return record;
}

bool HostRecord::enter() {
  if ((inside_.fetch_add(1, std::memory_order_acquire) & closedBit) == 0) return true;
  inside_.fetch_sub(1, std::memory_order_release);
  return false;
}

void HostRecord::leave() { inside_.fetch_sub(1, std::memory_order_release); }

bool HostRecord::close(Duration limit) {
  inside_.fetch_or(closedBit);
  // Real time, also in simulation: what is waited for are real threads.
  const auto end = std::chrono::steady_clock::now() + limit;
  while (inside_.load(std::memory_order_acquire) != closedBit) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  onFatal.reset();
  instruments_.clear();
  return true;
}

const HostRecord::Instrument* HostRecord::instrument(std::string_view metricName, std::int32_t kind) {
  const std::lock_guard lock(metricsMutex_);
  const auto found = instruments_.find(metricName);
  if (found != instruments_.end()) return found->second.kind == kind ? &found->second : nullptr;
  if (instruments_.size() >= maxInstruments || kind < CK_METRIC_COUNTER || kind > CK_METRIC_TIMING)
    return nullptr;
  const std::string full = metricNameOf(name.kind, metricName);
  const MetricLabels labels{{"plugin", name.id}, {"instance", name.instance}};
  constexpr std::string_view help = "Reported by the plugin";
  Instrument made{kind, nullptr, nullptr, nullptr};
  if (kind == CK_METRIC_COUNTER) made.counter = &parts.metrics.counter(full, help, labels);
  if (kind == CK_METRIC_GAUGE) made.gauge = &parts.metrics.gauge(full, help, labels);
  if (kind == CK_METRIC_TIMING) made.timing = &parts.metrics.timing(full, help, labels);
  return &instruments_.emplace(metricName, made).first->second;
}

void HostRecord::metric(std::string_view metricName, std::int32_t kind, double value) {
  const Instrument* const at = instrument(metricName, kind);
  if (at == nullptr)
    return fault("metric", "one name with two kinds, an unknown kind, or more than 256 names");
  if (at->counter != nullptr && value >= 0) at->counter->add(value);
  if (at->gauge != nullptr) at->gauge->set(value);
  if (at->timing != nullptr) at->timing->observe(value);
}

}  // namespace clusterkit
