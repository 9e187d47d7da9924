// A seeded stream of commands, sensible often enough that every kind of change happens, and nonsense in
// between.
#pragma once

#include <random>

#include "cluster/cluster_generation.hpp"
#include "state_fixture.hpp"

namespace clusterkit {

class RandomCommands {
 public:
  explicit RandomCommands(unsigned seed) : random_(seed) {}

  // The next command for a cluster in this state.
  Command next(const ClusterState& state) {
    Command command;
    command.origin = {MemberId(1), 1, ++sequence_};
    stamp_ += std::chrono::milliseconds(below(2000));
    command.stamp = stamp_ - std::chrono::milliseconds(below(500));  // leaders' clocks differ
    command.body = body(state);
    if (below(4) == 0) {
      const std::uint32_t number = below(40);
      command.idempotency = Idempotency{"key-" + std::to_string(number), LogIndex(below(3) * below(100)),
                                        number % 3 == 0 ? "asked" : ""};
    }
    return command;
  }

  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

 private:
  CommandBody body(const ClusterState& state) {
    if (!state.exists()) return below(2) == 0 ? CommandBody(DeleteValue{key(), {}}) : create();
    if (below(80) == 0) return create();
    if (below(60) == 0) return recovery(state);
    const std::uint32_t kind = below(21);
    if (kind < 4) return SetValue{key(), std::string(below(60), 'v'), expected(state)};
    if (kind == 4) return DeleteValue{key(), expected(state)};
    if (kind < 9) return membership(state, kind);
    if (kind < 12) return status(state);
    if (kind == 12) return DrainNode{member(state)};
    if (kind == 13) return UndrainNode{member(state)};
    if (kind == 14) return AnnounceLeader{member(state)};
    if (kind == 15) return promotion(state);
    if (kind == 20) return sinkCursor(state);
    return rebalance(state);
  }

  CommandBody sinkCursor(const ClusterState& state) {
    SetSinkCursor command{"sink-" + std::to_string(below(3)), {}};
    const SinkCursor* present = state.sinkCursors.find(command.sink);
    command.cursor.generation = (present ? present->generation : 0) + below(3);
    command.cursor.delivered = EventSeq(below(static_cast<std::uint32_t>(state.nextEvent.value)));
    if (below(3) == 0) command.cursor.above = {EventSeq(command.cursor.delivered.value + 2)};
    command.cursor.paused = below(4) == 0;
    if (below(3) == 0) command.change = CursorChange::Control;
    return command;
  }

  CommandBody recovery(const ClusterState& state) {
    const ClusterId from = below(4) == 0 ? ClusterId(below(9)) : state.facts->id;
    return RecoverCluster{from, nextGeneration(from, random_()).value_or(from), member(state)};
  }

  CommandBody create() {
    ClusterFacts facts = clusterFacts(8, 2);
    facts.eventsRetain = 50;
    facts.idempotencyRetain = 5;
    facts.valueQuotaBytes = 1500;
    return CreateCluster{facts, nodeSpec(1)};
  }

  NodeSpec spec() {
    NodeSpec spec = nodeSpec(static_cast<int>(1 + below(5)), 1 + below(3));
    spec.member = MemberId(spec.member.value + 10 * below(4));
    if (below(20) == 0) spec.member = MemberId(1 + below(5));
    if (below(2) == 0) spec.services.push_back({"kv", "", "", below(3), {}, {}});
    return spec;
  }

  CommandBody membership(const ClusterState& state, std::uint32_t kind) {
    if (kind < 7) return AddNode{spec(), stamp_ - std::chrono::milliseconds(below(9000))};
    const NodeRecord* known = state.findNode(member(state));
    NodeSpec next = known ? known->spec : spec();
    next.boot = 1 + below(3);
    next.zone = std::to_string(below(3));
    if (kind == 7) return RejoinNode{next, {}};
    if (below(3) > 0) return UpdateNode{next};
    RemoveNode remove{member(state)};
    remove.consent =
        below(2) == 0 ? RemoveNode::Consent::KeepLastCopies : RemoveNode::Consent::LoseLastCopies;
    return remove;
  }

  CommandBody status(const ClusterState& state) {
    SetNodeStatus command;
    command.member = member(state);
    command.status = static_cast<NodeStatus>(1 + below(6));
    if (below(2) == 0) command.status = NodeStatus::Active;
    command.incarnation = below(4) == 0 ? 1 + below(3) : 0;
    return command;
  }

  std::vector<OwnerChange> shuffled(const ClusterState& state) {
    std::vector<OwnerChange> changes;
    for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
      const auto owners = state.partitions->ownersOf(PartitionId(p));
      if (owners.size() < 2 || below(2) == 0) continue;
      changes.push_back({PartitionId(p), {owners.rbegin(), owners.rend()}});
    }
    return changes;
  }

  CommandBody promotion(const ClusterState& state) { return PromoteReplicas{epoch(state), shuffled(state)}; }

  // Now and then an old one.
  Epoch epoch(const ClusterState& state) { return below(10) == 0 ? Epoch(below(3)) : state.mapEpoch(); }

  CommandBody rebalance(const ClusterState& state) {
    if (!state.rebalance || below(15) == 0) return startRebalance(state);
    const LogIndex plan = below(15) == 0 ? LogIndex(1) : state.rebalance->plan;
    if (below(15) == 0) return ReportPartitionReady{PartitionId(below(9)), member(state), {}};
    switch (below(6)) {
      case 0: return ControlRebalance{plan, static_cast<ControlRebalance::Action>(1 + below(3))};
      case 1:
        if (const auto* entry = state.handoffs.first()) return FinishHandoffs{plan, {entry->value.partition}};
        [[fallthrough]];
      case 2:
      case 3:
        if (const auto* entry = state.handoffs.last()) {
          return ReportPartitionReady{entry->value.partition, entry->value.waiting.back(), {}};
        }
        [[fallthrough]];
      default: break;
    }
    std::vector<PartitionId> partitions;
    for (const auto& entry : state.pendingMoves) {
      if (below(2) == 0) partitions.emplace_back(static_cast<std::uint32_t>(BigEndianKey::read(entry.key)));
    }
    return BeginMoves{plan, partitions};
  }

  CommandBody startRebalance(const ClusterState& state) {
    std::vector<MemberId> active;
    for (const auto& entry : state.nodes) {
      if (isPlaceable(entry.value->status)) active.push_back(entry.value->spec.member);
    }
    StartRebalance command{epoch(state), RebalanceTrigger::Manual, {}, HandoffMode::Immediate, {}};
    if (below(2) == 0) command.handoff = HandoffMode::Acknowledged;
    if (active.empty()) return command;
    for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
      const std::uint32_t first = below(static_cast<std::uint32_t>(active.size()));
      Owners wanted{active[first]};
      if (active.size() > 1) wanted.push_back(active[(first + 1) % active.size()]);
      const auto present = state.partitions->ownersOf(PartitionId(p));
      if (!std::equal(present.begin(), present.end(), wanted.begin(), wanted.end())) {
        command.moves.push_back({PartitionId(p), wanted});
      }
    }
    return command;
  }

  std::string key() { return "k" + std::to_string(below(15)); }

  std::optional<std::uint64_t> expected(const ClusterState& state) {
    if (below(3) > 0) return std::nullopt;
    return below(state.appliedIndex.value > 0 ? 3 : 1);
  }

  MemberId member(const ClusterState& state) {
    if (below(10) == 0) return MemberId(99);
    auto at = state.nodesByMember.begin();
    for (std::uint32_t skip = below(static_cast<std::uint32_t>(state.nodesByMember.size())); skip > 0; --skip)
      ++at;
    return at->value->spec.member;
  }

  std::mt19937 random_;
  std::uint64_t sequence_ = 0;
  WallTime stamp_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace clusterkit
