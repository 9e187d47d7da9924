// Who should own which partition. Strategies are pure: the same request gives the same answer on every
// machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clusterkit/types.hpp"
#include "placement/partition_map.hpp"

namespace clusterkit {

enum class NodeStanding : std::uint8_t {
  Available,  // live; may own partitions
  Absent,     // down, but expected back: keeps copies it has, gets none, is primary only where no other owner
              // lives
  Leaving,    // live, but gives everything away
};

// A node as placement sees it. A node that is not in the request loses all it owns.
struct PlacementNode {
  MemberId member;
  std::string id;            // decides the order among equals; unique in a request
  std::string zone;          // nodes without a zone share the zone ""
  std::uint32_t weight = 1;  // 0: owns nothing
  NodeStanding standing = NodeStanding::Available;
};

struct PlacementRequest {
  std::span<const PlacementNode> nodes;  // in any order
  std::uint32_t replicationFactor = 1;   // primary included; fewer nodes than this is no error
  const Assignment& present;             // one element per partition; owners may be unknown to `nodes`
};

class PlacementStrategy {
 public:
  virtual ~PlacementStrategy() = default;
  virtual std::string_view name() const = 0;
  // One element per partition of request.present. Empty owners only when no node may own anything.
  virtual Assignment assign(const PlacementRequest& request) const = 0;
};

// "balanced" or "rendezvous-md5"; null for any other name. The object lives for ever.
const PlacementStrategy* findPlacementStrategy(std::string_view name);
// In alphabetical order, for messages.
std::vector<std::string_view> placementStrategyNames();

}  // namespace clusterkit
