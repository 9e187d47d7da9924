// A rebalance under way: a plan committed to the log, its moves still to do, and the hand-overs that wait for
// data.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cluster/node.hpp"
#include "clusterkit/types.hpp"
#include "placement/partition_map.hpp"

namespace clusterkit {

enum class RebalanceTrigger : std::uint8_t { NodeJoin = 1, NodeLeave = 2, Manual = 3 };
std::string_view toString(RebalanceTrigger trigger);  // "node_join", ...

// Immediate: new owners count from the commit on. Acknowledged: the old ones serve until the new ones hold
// the data.
enum class HandoffMode : std::uint8_t { Immediate = 1, Acknowledged = 2 };
std::string_view toString(HandoffMode mode);

enum class RebalancePhase : std::uint8_t { Running = 1, Paused = 2 };
std::string_view toString(RebalancePhase phase);
enum class RebalanceOutcome : std::uint8_t { Completed = 1, Cancelled = 2 };
std::string_view toString(RebalanceOutcome outcome);

// The plan's name is the log index of the StartRebalance that brought it.
struct Rebalance {
  LogIndex plan;
  RebalanceTrigger trigger = RebalanceTrigger::Manual;
  NodeId triggerNode;  // empty for Manual
  HandoffMode handoff = HandoffMode::Immediate;
  RebalancePhase phase = RebalancePhase::Running;
  WallTime startedAt{};
  std::uint32_t partitionsToMove = 0;   // as planned
  std::uint32_t partitionsMoved = 0;    // done so far
  std::uint32_t partitionsDropped = 0;  // no longer possible: a target went away
  std::vector<NodeId> nodesAffected;    // ascending

  friend bool operator==(const Rebalance&, const Rebalance&) = default;
};

struct FinishedRebalance {
  Rebalance rebalance;
  RebalanceOutcome outcome = RebalanceOutcome::Completed;
  WallTime finishedAt{};

  friend bool operator==(const FinishedRebalance&, const FinishedRebalance&) = default;
};

// A move of acknowledged mode whose new owners still copy.
struct Handoff {
  PartitionId partition;
  LogIndex id;    // of the BeginMoves that started it; reports name it, so that an old report cannot finish a
                  // new one
  Owners target;  // primary first
  Owners waiting;  // members of `target` that have not reported; never empty
  WallTime startedAt{};

  friend bool operator==(const Handoff&, const Handoff&) = default;
};

}  // namespace clusterkit
