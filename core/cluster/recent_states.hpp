// What the hashes of the last few published states are made of, so that nodes can be compared at an index
// that all of them have passed (promise P7). Thread-safe. Keeps no state alive, only partition maps, and of
// those no more than kPartitionsKept partitions together.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "cluster/state.hpp"

namespace clusterkit {

class RecentStates {
 public:
  static constexpr std::size_t kKept = 256;
  static constexpr std::size_t kPartitionsKept = 128 * 1024;  // of differing maps; some 5 MiB

  void add(const ClusterState& state);
  void clear();
  // The hash right after this index; nothing when no batch ended there, or too long ago.
  std::optional<std::uint64_t> hashAt(LogIndex index) const;

 private:
  mutable std::mutex mutex_;
  std::deque<StateHashInput> states_;
  std::size_t partitions_ = 0;  // of the differing maps in states_
};

}  // namespace clusterkit
