// From the map as it is to the map as it should be. Pure; nothing here changes a map, a plan only says what
// to change.
#pragma once

#include <span>
#include <vector>

#include "placement/placement_strategy.hpp"

namespace clusterkit {

// One partition whose owners change.
struct Move {
  PartitionId partition;
  Owners from;  // as they are
  Owners to;    // as they will be, primary first
  // Members that are live and hold the data now: a new owner copies from one of them. Primary first.
  Owners copyFrom;

  Owners added() const;    // in `to`, not in `from`: each has to copy the data
  Owners removed() const;  // in `from`, not in `to`
  bool changesPrimary() const;

  friend bool operator==(const Move&, const Move&) = default;
};

struct RebalancePlan {
  std::vector<Move> moves;  // in the order of the partitions, each partition at most once

  bool empty() const { return moves.empty(); }
  std::size_t copiesMoved() const;
  std::size_t primariesChanged() const;
  std::vector<MemberId> nodesAffected()
      const;  // every member that gains, loses or changes its role; ascending
  std::vector<OwnerChange> ownerChanges() const;

  friend bool operator==(const RebalancePlan&, const RebalancePlan&) = default;
};

// The moves from `present` to what `strategy` wants for these nodes.
//
// Never removes the last live copy of a partition: where no present live owner would stay, one of them stays
// beside the new owners. Planning again once they hold the data lets it go (make before break).
RebalancePlan planRebalance(const PartitionMap& present, std::span<const PlacementNode> nodes,
                            const PlacementStrategy& strategy, std::uint32_t replicationFactor);

// A live owner becomes primary of every partition whose primary is not live; the others keep their order, the
// old primary becomes the last replica and keeps its copy. Primaries end up spread over the candidates by
// weight as evenly as the copies allow. Partitions without a live owner are left as they are. Moves no data.
RebalancePlan promoteReplicas(const PartitionMap& present, std::span<const PlacementNode> nodes);

}  // namespace clusterkit
