// The hook sink of an embedding program: its functions instead of a plugin. Its cursor is not kept: the
// program's memory of events ends with its process, so each start begins with the node's own join.
#pragma once

#include <clusterkit/hooks.hpp>

#include "events/cursor_store.hpp"
#include "events/delivery_threads.hpp"
#include "host/lifetime.hpp"
#include "host/log.hpp"
#include "host/metrics.hpp"

namespace clusterkit {

class CallbackSink final : public SinkPort {
 public:
  CallbackSink(Hooks hooks, EventLoop& loop, Log& log, MetricsSink& metrics);
  ~CallbackSink() override;

  void deliver(OutgoingEvent event, Answered answered) override;
  void stop(MonotonicTime deadline, Task done) override;

 private:
  struct Calls;  // what a thread inside a hook may still use when this object is gone

  EventLoop& loop_;
  std::shared_ptr<Calls> calls_;
  DeliveryThreads threads_;
  Lifetime lifetime_;
};

class ForgottenCursor final : public CursorStore {
 public:
  void load(Loaded loaded) override { loaded(std::optional<SinkCursor>()); }
  void save(const SinkCursor&, CursorChange, CallHandler done) override { done({}); }
};

}  // namespace clusterkit
