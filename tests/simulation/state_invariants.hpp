// What must hold of the replicated state on all nodes: equal hashes, events without gaps, fencing tokens that
// are never given twice.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cluster/state.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

class StateHashesEqual {
 public:
  void state(MemberId member, const ClusterState& state, Verdict& verdict);

 private:
  std::vector<std::optional<std::uint64_t>> hashes_;  // by index
};

class EventsDenseAndInOrder {
 public:
  using Events = std::span<const std::shared_ptr<const ClusterEvent>>;
  using Told = std::array<std::size_t, std::variant_size_v<EventBody>>;  // by kind of event
  void began(MemberId member) { next_.erase(member); }
  void state(MemberId member, const ClusterState& state, Events events, Verdict& verdict);
  Told told() const;

 private:
  struct Known {
    LogIndex index;
    std::size_t type;
    friend bool operator==(const Known&, const Known&) = default;
  };
  std::map<MemberId, EventSeq> next_;
  std::vector<std::optional<Known>> known_;  // by number
};

// An epoch of a partition names one list of owners, for ever.
class EpochsNeverOwnedTwice {
 public:
  void state(MemberId member, const ClusterState& state, Verdict& verdict);

 private:
  std::map<std::pair<std::uint32_t, Epoch>, Owners> owners_;
  std::map<MemberId, std::shared_ptr<const PartitionMap>> last_;  // already looked at
};

}  // namespace clusterkit::sim
