#include "cluster/recent_states.hpp"

#include <algorithm>

namespace clusterkit {

void RecentStates::add(const ClusterState& state) {
  const std::lock_guard lock(mutex_);
  states_.push_back(state);
  if (states_.size() > kKept) states_.pop_front();
}

void RecentStates::clear() {
  const std::lock_guard lock(mutex_);
  states_.clear();
}

std::optional<std::uint64_t> RecentStates::hashAt(LogIndex index) const {
  std::optional<ClusterState> found;
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(states_.begin(), states_.end(),
                                 [&](const ClusterState& state) { return state.appliedIndex == index; });
    if (at != states_.end()) found = *at;
  }
  if (!found) return std::nullopt;
  return stateHash(*found);  // outside the lock: it takes time in proportion to the partitions
}

}  // namespace clusterkit
