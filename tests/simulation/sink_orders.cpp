#include "simulation/sink_orders.hpp"

namespace clusterkit::sim {

using namespace std::chrono_literals;

SinkOrders::SinkOrders(Cluster& cluster) : cluster_(cluster), dice_(cluster.plan().seed ^ 0x73696e6bu) {}

void SinkOrders::begin() {
  if (!cluster_.plan().ordersSinks) return;
  cluster_.scheduler().after(dice_.between(Duration(1ms), cluster_.plan().operatorPauseMax), [this] {
    stopped_ ? tidy() : turn();
    begin();
  });
}

void SinkOrders::turn() {
  const std::vector<SimNode*> nodes = cluster_.running();
  if (nodes.empty()) return;
  SimNode& node = *dice_.pick(nodes);
  const SinkRules& sink = dice_.pick(cluster_.plan().sinks).rules;
  const std::uint64_t newest = node.coordinator().current().nextEvent.value - 1;
  const std::uint64_t order = dice_.below(4);
  const EventSeq after(dice_.between(std::uint64_t{0}, newest));
  cluster_.trace().note(Step::SinkOrdered, node.member().value, order);
  cluster_.oracle().sinkOrdered(node.member(), sink, order < 2 ? std::nullopt : std::optional(after));
  if (order == 0) return node.sinks().journal().pause(sink.name, counted());
  if (order == 1) return node.sinks().journal().resume(sink.name, counted());
  node.sinks().journal().replay(sink.name, after, counted());
}

// What is held waits for a word; at the leader, and each at its own node.
void SinkOrders::tidy() {
  for (SimNode* node : cluster_.running())
    for (const SinkStatus& sink : node->sinks().journal().statuses())
      if (sink.state == "paused") node->sinks().journal().resume(sink.name, counted());
}

HookSink::Answered SinkOrders::counted() {
  return [this](const Result<SinkStatus>& result) { taken_ += result ? 1 : 0; };
}

}  // namespace clusterkit::sim
