// States with a history of events, and a port that the story answers for.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "cluster/event_json.hpp"
#include "cluster/state.hpp"
#include "events/hook_sink.hpp"
#include "host/simulated_loop.hpp"

namespace clusterkit::test {

// A state that has committed these events; the story adds more.
class History {
 public:
  explicit History(std::uint64_t retain = 10000) : retain_(retain) {
    auto facts = std::make_shared<ClusterFacts>();
    facts->id = ClusterId(0xc0ffee);
    state.facts = facts;
  }

  EventSeq add(EventBody body) {
    auto event = std::make_shared<ClusterEvent>();
    event->seq = state.nextEvent;
    event->id = eventId(state.facts->id, event->seq);
    event->body = std::move(body);
    state.events.append(event, std::to_string(event->seq.value));
    state.nextEvent = EventSeq(state.nextEvent.value + 1);
    while (state.events.size() > retain_) state.events.dropOldest();
    return event->seq;
  }
  EventSeq value(const std::string& key) { return add(ValueChange{key, 1, 1, ValueChange::Kind::Set}); }
  EventSeq partition(std::uint32_t number) {
    return add(
        PartitionChange{PartitionId(number), {"n2"}, "n1", ChangeReason::Rebalance, "n2", "n1", Epoch(1)});
  }
  EventSeq leader() { return add(LeaderChange{"n1", "n2", Epoch(3)}); }
  EventSeq joined(std::uint64_t boot, std::uint64_t member = 1) {
    auto node = std::make_shared<NodeRecord>();
    node->spec.member = MemberId(member);
    node->spec.id = "n1";
    node->spec.boot = boot;
    return add(NodeJoin{node, 1, NodeJoin::Kind::Join});
  }

  ClusterState state;

 private:
  std::uint64_t retain_;
};

inline std::vector<std::uint64_t> seqsOf(const std::vector<Delivery>& deliveries) {
  std::vector<std::uint64_t> out;
  for (const Delivery& d : deliveries) out.push_back(d.event->seq.value);
  return out;
}

}  // namespace clusterkit::test
