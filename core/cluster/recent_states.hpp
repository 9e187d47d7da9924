// The last few published states, so that nodes can be compared at an index that all of them have passed
// (promise P7). Thread-safe; a state shares its parts with its neighbours, so keeping some costs little.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "cluster/state.hpp"

namespace clusterkit {

class RecentStates {
 public:
  static constexpr std::size_t kKept = 256;

  void add(const ClusterState& state);
  void clear();
  // The hash right after this index; nothing when no batch ended there, or too long ago.
  std::optional<std::uint64_t> hashAt(LogIndex index) const;

 private:
  mutable std::mutex mutex_;
  std::deque<ClusterState> states_;
};

}  // namespace clusterkit
