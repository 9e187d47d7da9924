// Brings the loads of nodes within their bounds by handing things from node to node at the least total cost.
//
// The problem is a minimum-cost flow; its residual graph, seen from the nodes, has one edge per ordered pair
// of nodes: the cheapest thing that the first can hand to the second. Cheapest paths from nodes that carry
// too much to nodes that carry too little, and cycles of negative cost, are applied until there is none left
// (Ahuja, Magnanti, Orlin, "Network Flows", chapters 7 and 9). Only the node graph is searched, so a step
// costs little even with many partitions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace clusterkit {

struct Load {
  enum class Role : std::uint8_t { GivesAndTakes, GivesOnly };

  std::int64_t now = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;
  Role role = Role::GivesAndTakes;
};

// Costs of a single exchange stay below this, in either direction; bringing a load one nearer to its bounds
// is worth more than any path of exchanges costs.
inline constexpr std::int64_t kMaxExchangeCost = std::int64_t{1} << 42;

// The cheapest thing that one node can hand to another one; of equally cheap ones that of the lowest
// partition.
struct Offer {
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  std::int64_t cost = kNone;
  std::uint32_t partition = 0;
  friend auto operator<=>(const Offer&, const Offer&) = default;
};

// What can be handed over. Nodes are numbers from 0.
class ExchangeModel {
 public:
  virtual ~ExchangeModel() = default;
  // Fills the offers to those nodes that are wanted; leaves kNone where nothing can be handed over.
  virtual void offersFrom(std::size_t node, std::span<const char> wanted, std::span<Offer> offers) const = 0;
  // The change of cost if `from` handed its part in this partition to `to`; kNone when it cannot.
  virtual std::int64_t price(std::uint32_t partition, std::size_t from, std::size_t to) const = 0;
  // Hands it over and gives the change of cost. Precondition: it has a price.
  virtual std::int64_t handOver(std::uint32_t partition, std::size_t from, std::size_t to) = 0;
  // The nodes that have something to hand over in this partition.
  virtual void collectGivers(std::uint32_t partition, std::vector<std::size_t>& nodes) const = 0;
};

// Ends with loads in their bounds and the cost at its minimum; where the bounds cannot be met, as near as
// exchanges get.
void settleLoads(ExchangeModel& model, std::vector<Load>& loads);

}  // namespace clusterkit
