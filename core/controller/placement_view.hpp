// The nodes of the replicated state as placement sees them.
#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "cluster/state.hpp"
#include "controller/flap_damping.hpp"
#include "placement/placement_strategy.hpp"

namespace clusterkit {

// Since when nodes are away, by this process' own clock: the stamps in the state are labels, never for
// decisions.
class Absences {
 public:
  void clear() { since_.clear(); }
  void observe(const ClusterState& state, MonotonicTime now);
  // Down or Left, and longer than `grace`.
  bool overdue(MemberId member, Duration grace, MonotonicTime now) const;
  // When the next of the absent becomes overdue; MonotonicTime::max() when none will.
  MonotonicTime nextOverdue(Duration grace, MonotonicTime now) const;

 private:
  std::map<MemberId, MonotonicTime> since_;
};

// Active: may own. Draining: gives away. Joining, held back for flapping, or away but not for long: keeps
// what it has. Away for longer than `grace`: not listed. A suspect counts as what it was before.
std::vector<PlacementNode> placementNodes(const ClusterState& state, const Absences& absences,
                                          const FlapDamping& damping, Duration grace, MonotonicTime now);

}  // namespace clusterkit
