// When partitions move: watches nodes against the map, plans, and walks a committed plan through the log.
//
// next() gives one command at a time; the caller asks again once it knows what became of that one and the
// state it led to. Everything that has to survive a change of leader is in the state; what is remembered here
// are times, which a new leader starts anew. Pure; one thread.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/state.hpp"
#include "controller/flap_damping.hpp"
#include "controller/placement_view.hpp"
#include "placement/plan_rebalance.hpp"

namespace clusterkit {

struct RebalanceOptions {
  Duration delay = std::chrono::milliseconds(200);  // changes that come together are one rebalance
  Duration grace = std::chrono::seconds(10);        // an absent node keeps its copies so long
  std::uint32_t maxMoves = 8;                       // per node at once, gaining or giving
  HandoffMode handoff = HandoffMode::Immediate;
  Duration handoffTimeout = std::chrono::minutes(5);
};

class Rebalancer {
 public:
  explicit Rebalancer(RebalanceOptions options) : options_(options) {}

  // As after an election: all times start anew.
  void reset();
  // Every new state, in order. Nodes are looked at here, so call it before next().
  void observe(const ClusterState& state, const FlapDamping& damping, MonotonicTime now);
  // Plan with the next call of next(), whether anything changed or not; also levels primaries. Ignored while
  // a rebalance runs.
  void requestManual() { manualRequested_ = true; }
  void withdrawManual() { manualRequested_ = false; }
  std::optional<CommandBody> next(const ClusterState& state, const FlapDamping& damping, MonotonicTime now);
  // The last command was refused or its fate is unknown.
  void failed(MonotonicTime now);
  // What a manual rebalance would do now; changes nothing. For dry runs and explanations.
  RebalancePlan plan(const ClusterState& state, const FlapDamping& damping, MonotonicTime now) const;
  // When next() may have more to say although nothing else happened.
  MonotonicTime nextWake(const FlapDamping& damping, MonotonicTime now) const;

 private:
  // What a plan depends on beside the map.
  struct Basis {
    std::vector<PlacementNode> nodes;
    bool operator==(const Basis& other) const;
  };
  struct RunningHandoff {
    LogIndex id;
    MonotonicTime since;
  };

  void noteCancellation(const ClusterState& state);
  std::optional<CommandBody> promote(const ClusterState& state);
  std::optional<CommandBody> advance(const ClusterState& state, MonotonicTime now);
  std::optional<CommandBody> start(const ClusterState& state, MonotonicTime now);
  bool settled(const ClusterState& state, MonotonicTime now) const;
  std::vector<PartitionId> movesToBegin(const ClusterState& state) const;

  RebalanceOptions options_;
  Absences absences_;
  std::optional<Basis> basis_;
  MonotonicTime firstChangeAt_{}, lastChangeAt_{};
  std::optional<Epoch> doneAtEpoch_;       // planned on this basis and this map already
  std::optional<Epoch> promotedAtEpoch_;   // likewise, for promotions
  LogIndex lastFinished_;                  // plan of the last rebalance that was seen to end
  LogIndex abandonedPlan_;                 // cancelled by this object, to plan again
  std::optional<LogIndex> cancelledPlan_;  // an operator stopped it, and nothing has changed since
  std::map<PartitionId, RunningHandoff> handoffs_;
  bool manualRequested_ = false;
  MonotonicTime notBefore_{};
};

}  // namespace clusterkit
