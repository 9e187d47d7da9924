// A cluster for stories about apply: commands go in one after another, with rising indexes and a clock that
// the story moves, and what came out stays at hand.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cluster/apply.hpp"
#include "cluster/event_json.hpp"
#include "cluster/snapshot.hpp"

namespace clusterkit {

using namespace std::chrono_literals;

inline NodeSpec nodeSpec(int number, std::uint64_t boot = 1) {
  NodeSpec spec;
  spec.id = "node-" + std::to_string(number);
  spec.member = MemberId(static_cast<std::uint64_t>(number));
  spec.boot = boot;
  spec.name = "Server " + std::to_string(number);
  spec.httpAddress = "10.0.0." + std::to_string(number) + ":8080";
  spec.transportAddress = "10.0.0." + std::to_string(number) + ":9080";
  spec.zone = "zone-" + std::to_string(number % 2);
  return spec;
}

inline ClusterFacts clusterFacts(std::uint32_t partitions = 4, std::uint32_t replicas = 2) {
  ClusterFacts facts;
  facts.id = ClusterId(0xc0ffee);
  facts.name = "orders";
  facts.seed = HashSeed{7};
  facts.partitionCount = partitions;
  facts.replicationFactor = replicas;
  return facts;
}

inline Owners owners(std::initializer_list<std::uint64_t> members) {
  Owners list;
  for (const std::uint64_t member : members) list.emplace_back(member);
  return list;
}

class StateFixture : public ::testing::Test {
 protected:
  // A command at the next index, a second later than the one before.
  Outcome run(CommandBody body, std::optional<Idempotency> idempotency = std::nullopt) {
    now_ += 1s;
    Command command{{MemberId(1), 1, ++sequence_}, now_, std::move(idempotency), std::move(body)};
    const Outcome outcome = builder_.apply(LogIndex(++index_), term_, command);
    events_ = builder_.takeEvents();
    return outcome;
  }

  void create(ClusterFacts facts = clusterFacts()) {
    ASSERT_TRUE(run(CreateCluster{std::move(facts), nodeSpec(1)}).applied());
  }

  void addActive(int number) {
    ASSERT_TRUE(run(AddNode{nodeSpec(number), {}}).applied());
    ASSERT_TRUE(run(status(number, NodeStatus::Active)).applied());
  }

  // Moves partitions to these owners by a plan that runs at once.
  void assign(std::vector<OwnerChange> moves) {
    std::vector<PartitionId> all;
    for (const auto& move : moves) all.push_back(move.partition);
    const Outcome start = run(plan(std::move(moves)));
    ASSERT_TRUE(start.applied()) << start.message;
    const Outcome begin = run(BeginMoves{start.index, all});
    ASSERT_TRUE(begin.applied()) << begin.message;
  }

  StartRebalance plan(std::vector<OwnerChange> moves, HandoffMode mode = HandoffMode::Immediate) const {
    return {state().mapEpoch(), RebalanceTrigger::NodeJoin, "node-2", mode, std::move(moves)};
  }

  static SetNodeStatus status(int number, NodeStatus status, WallTime lastSeen = {}) {
    SetNodeStatus command;
    command.member = MemberId(static_cast<std::uint64_t>(number));
    command.status = status;
    command.lastSeenAt = lastSeen;
    return command;
  }

  const ClusterState& state() const { return builder_.state(); }
  const NodeRecord& node(int number) const {
    return *state().findNode(MemberId(static_cast<std::uint64_t>(number)));
  }

  std::vector<std::string> eventTypes() const {
    std::vector<std::string> types;
    for (const auto& event : events_) types.emplace_back(eventType(event->body));
    return types;
  }

  template <class Event>
  std::vector<Event> eventsOf() const {
    std::vector<Event> found;
    for (const auto& event : events_) {
      if (const auto* body = std::get_if<Event>(&event->body)) found.push_back(*body);
    }
    return found;
  }

  Owners ownersOf(std::uint32_t partition) const {
    const auto span = state().partitions->ownersOf(PartitionId(partition));
    return {span.begin(), span.end()};
  }

  StateBuilder builder_{ClusterState()};
  std::vector<std::shared_ptr<const ClusterEvent>> events_;  // of the last command
  std::uint64_t index_ = 0;
  std::uint64_t sequence_ = 0;
  Epoch term_{1};
  WallTime now_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace clusterkit
