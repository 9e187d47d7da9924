// What ck_host.cx points at. Never freed: see host_services.hpp. Internal to the host services.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/host_services.hpp"

namespace clusterkit {

struct HostRecord {
  static HostRecord* make(PluginName name, HostParts parts, HostServices::FatalHandler onFatal);

  // Every call from the plugin is between enter() and leave(); enter is false for ever after close(). [any]
  bool enter();
  void leave();
  // True once nobody is inside. [ctl]
  bool close(Duration limit);

  void fault(const char* function, const char* rule) { parts.faults.report(name, function, rule); }
  // name becomes clusterkit_<kind>_<name>{plugin=...,instance=...}; at most 256 of them per instance. [any]
  void metric(std::string_view metricName, std::int32_t kind, double value);

  ck_host host{};
  const PluginName name;
  const std::string label;
  HostParts parts;  // the node's; only valid inside
  HostServices::FatalHandler onFatal;
  std::atomic<bool> fatalSeen{false};
  std::vector<std::pair<std::string, const void*>> offers;
  void* port = nullptr;

 private:
  HostRecord(PluginName n, HostParts p, HostServices::FatalHandler f);
  struct Instrument {
    std::int32_t kind;
    Counter* counter;
    Gauge* gauge;
    Timing* timing;
  };
  const Instrument* instrument(std::string_view metricName, std::int32_t kind);

  static constexpr std::uint64_t closedBit = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> inside_{0};  // calls under way, and closedBit
  std::mutex metricsMutex_;
  std::map<std::string, Instrument, std::less<>> instruments_;
  HostRecord* nextRecord_ =
      nullptr;  // keeps tombstones reachable, so that a leak checker does not report them
};

class RecordGuard {
 public:
  explicit RecordGuard(void* cx) : record_(static_cast<HostRecord*>(cx)) {
    if (!record_->enter()) record_ = nullptr;
  }
  ~RecordGuard() {
    if (record_ != nullptr) record_->leave();
  }
  RecordGuard(const RecordGuard&) = delete;
  RecordGuard& operator=(const RecordGuard&) = delete;

  explicit operator bool() const { return record_ != nullptr; }
  HostRecord* operator->() const { return record_; }
  HostRecord* get() const { return record_; }

 private:
  HostRecord* record_;
};

}  // namespace clusterkit
