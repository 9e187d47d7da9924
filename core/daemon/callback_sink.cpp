#include "daemon/callback_sink.hpp"

#include <mutex>
#include <utility>

#include "placement/partition_id.hpp"

namespace clusterkit {
namespace {

template <class Out>
Out common(const OutgoingEvent& in) {
  Out out;
  out.seq = in.event->seq;
  out.index = in.event->index;
  out.epoch = in.event->epoch;
  out.time = in.event->stamp;
  out.type = eventType(in.event->body);
  out.json = *in.json;
  return out;
}

std::vector<std::string> names(const std::vector<PartitionId>& partitions) {
  std::vector<std::string> out;
  for (const PartitionId partition : partitions) out.push_back(toString(partition));
  return out;
}

template <class Out>
Out started(const OutgoingEvent& in, const RebalanceStart& start) {
  Out out = common<Out>(in);
  out.trigger = toString(start.trigger);
  out.triggerNode = start.triggerNode;
  out.partitionsToMove = start.partitionsToMove;
  out.nodesAffected = start.nodesAffected;
  return out;
}

// Calls the hook of the event's type, if there is one.
class Caller {
 public:
  Caller(const Hooks& hooks, const OutgoingEvent& event) : hooks_(hooks), event_(event) {}

  void operator()(const NodeJoin& body) const {
    if (!hooks_.onNodeJoin) return;
    auto out = common<NodeJoinedEvent>(event_);
    out.node = body.node->spec.id;
    out.clusterSize = body.clusterSize;
    out.bootstrap = body.kind == NodeJoin::Kind::Bootstrap;
    hooks_.onNodeJoin(out);
  }
  void operator()(const NodeRejoin& body) const {
    if (!hooks_.onNodeRejoin) return;
    auto out = common<NodeRejoinedEvent>(event_);
    out.node = body.node->spec.id;
    out.offlineDuration = body.offlineDuration;
    out.lastSeenAt = body.lastSeenAt;
    out.partitionsBeforeLeave = names(body.partitionsBeforeLeave);
    hooks_.onNodeRejoin(out);
  }
  void operator()(const NodeLeave& body) const {
    if (!hooks_.onNodeLeave) return;
    auto out = common<NodeLeftEvent>(event_);
    out.node = body.node->spec.id;
    out.reason = toString(body.reason);
    out.partitionsOwned = names(body.partitionsOwned);
    out.partitionsReplica = names(body.partitionsReplica);
    hooks_.onNodeLeave(out);
  }
  void operator()(const RebalanceStart& body) const {
    if (hooks_.onRebalanceStart) hooks_.onRebalanceStart(started<RebalanceStartedEvent>(event_, body));
  }
  void operator()(const RebalanceComplete& body) const {
    if (!hooks_.onRebalanceComplete) return;
    auto out = started<RebalanceCompletedEvent>(event_, body.start);
    out.duration = body.duration;
    hooks_.onRebalanceComplete(out);
  }
  void operator()(const PartitionChange& body) const {
    if (!hooks_.onPartitionChange) return;
    auto out = common<PartitionChangedEvent>(event_);
    out.partition = toString(body.partition);
    out.copyFromNodes = body.copyFromNodes;
    out.copyToNode = body.copyToNode;
    out.reason = toString(body.reason);
    out.oldPrimary = body.oldPrimary;
    out.newPrimary = body.newPrimary;
    hooks_.onPartitionChange(out);
  }
  void operator()(const ClusterHealthChange& body) const {
    if (!hooks_.onClusterHealthChange) return;
    auto out = common<ClusterHealthChangedEvent>(event_);
    out.status = toString(body.health.status);
    out.healthyNodes = body.health.healthyNodes;
    out.totalNodes = body.health.totalNodes;
    out.unhealthyNodes = body.health.totalNodes - body.health.healthyNodes;
    out.unhealthyNodeIds = body.health.unhealthyNodeIds;
    hooks_.onClusterHealthChange(out);
  }
  template <class Other>
  void operator()(const Other&) const {}  // told by onEvent only

 private:
  const Hooks& hooks_;
  const OutgoingEvent& event_;
};

}  // namespace

struct CallbackSink::Calls {
  Calls(Hooks h, Log& l, Counter& c) : hooks(std::move(h)), log(l), exceptions(c) {}

  Hooks hooks;
  Log& log;
  Counter& exceptions;
  std::mutex mutex;
  bool over = false;  // log and counter may be gone: a thread inside a hook is not waited for

  void call(const OutgoingEvent& event) {
    if (hooks.onEvent) guarded(event, [&] { hooks.onEvent(common<NodeEvent>(event)); });
    guarded(event, [&] { std::visit(Caller(hooks, event), event.event->body); });
  }

  template <class F>
  void guarded(const OutgoingEvent& event, F&& what) {
    try {
      what();
    } catch (const std::exception& error) {
      report(event, error.what());
    } catch (...) {
      report(event, "something that is no std::exception");
    }
  }
  void report(const OutgoingEvent& event, const char* what) {
    const std::lock_guard lock(mutex);
    if (over) return;
    exceptions.add(1);
    log.error("hook_threw",
              {{"type", eventType(event.event->body)}, {"seq", event.event->seq}, {"what", what}});
  }
};

CallbackSink::CallbackSink(Hooks hooks, EventLoop& loop, Log& log, MetricsSink& metrics)
    : loop_(loop),
      calls_(
          std::make_shared<Calls>(std::move(hooks), log,
                                  metrics.counter("clusterkit_callback_exceptions_total",
                                                  "Hooks of the embedding program that have thrown.", {}))),
      threads_(loop, 1) {}

CallbackSink::~CallbackSink() {
  const std::lock_guard lock(calls_->mutex);
  calls_->over = true;
}

void CallbackSink::deliver(OutgoingEvent event, Answered answered) {
  threads_.run(
      [calls = calls_, event = std::move(event)]() -> SinkAnswer {
        calls->call(event);
        return {};
      },
      std::move(answered));
}

void CallbackSink::stop(MonotonicTime deadline, Task done) {
  awaitIdle(loop_, threads_, lifetime_.watch(), deadline, std::move(done));
}

}  // namespace clusterkit
