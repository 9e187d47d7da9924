#include "cluster/recent_states.hpp"

#include <algorithm>

namespace clusterkit {

void RecentStates::add(const ClusterState& state) {
  const std::lock_guard lock(mutex_);
  if (states_.empty() || states_.back().partitions != state.partitions)
    partitions_ += state.partitions->partitionCount();
  states_.push_back(hashInputOf(state));
  while (states_.size() > kKept || (states_.size() > 1 && partitions_ > kPartitionsKept)) {
    const auto oldest = std::move(states_.front().partitions);
    states_.pop_front();
    if (states_.front().partitions != oldest) partitions_ -= oldest->partitionCount();
  }
}

void RecentStates::clear() {
  const std::lock_guard lock(mutex_);
  states_.clear();
  partitions_ = 0;
}

std::optional<std::uint64_t> RecentStates::hashAt(LogIndex index) const {
  std::optional<StateHashInput> found;
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(states_.begin(), states_.end(),
                                 [&](const StateHashInput& input) { return input.index == index; });
    if (at != states_.end()) found = *at;
  }
  if (!found) return std::nullopt;
  return stateHash(*found);  // outside the lock: it takes time in proportion to the partitions
}

}  // namespace clusterkit
