// The ck_host of one plugin instance.
//
// The table and what it points at are never freed: after close() it is a tombstone that ignores calls, so a
// stray thread of a plugin that is long gone does no harm. Posted functions, timers and offloaded work of a
// closed instance are dropped unrun.
#pragma once

#include <clusterkit/plugin.h>

#include "host/call_outcome.hpp"
#include "host/event_loop.hpp"
#include "host/log.hpp"
#include "host/metrics.hpp"
#include "host/plugin_faults.hpp"
#include "host/tokens.hpp"

namespace clusterkit {

// What a node offers to all of its instances.
struct HostParts {
  EventLoop& loop;
  Workers& workers;
  Log& log;
  MetricsSink& metrics;
  PluginFaults& faults;
  TokenTable& tokens;
};

struct HostRecord;  // what ck_host.cx points at

class HostServices {
 public:
  using FatalHandler = UniqueFunction<void(const Failure&)>;

  // onFatal runs on the loop, at most once.
  HostServices(PluginName name, HostParts parts, FatalHandler onFatal);
  ~HostServices();  // closes
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const ck_host* table() const;
  const PluginName& name() const;
  const char* label() const;  // name().text(), valid for ever

  // The upcalls that ck_host.iface(ifaceId) answers; they find `port` by UpcallGuard. Before create.
  void offer(const char* ifaceId, const void* upcalls, void* port);

  // Makes it a tombstone and waits until no other thread is inside a call or in offloaded work of this
  // instance. False when that did not come true within `limit`: the instance must then not be destroyed.
  // [ctl] [loop]
  bool close(Duration limit);

 private:
  HostRecord* record_;
};

// First line of every upcall: finds the port behind a ck_host.cx and keeps it from being closed during the
// call.
class UpcallGuard {
 public:
  explicit UpcallGuard(void* cx);
  ~UpcallGuard();
  UpcallGuard(const UpcallGuard&) = delete;
  UpcallGuard& operator=(const UpcallGuard&) = delete;

  // Null when the instance is closed: the call is to be ignored.
  template <class Port>
  Port* port() const {
    return static_cast<Port*>(port_);
  }

 private:
  HostRecord* record_;
  void* port_;
};

}  // namespace clusterkit
