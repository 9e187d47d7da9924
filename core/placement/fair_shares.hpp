// How many of `total` things each node should carry: in proportion to its weight, between its floor and its
// cap. Integers only, so every machine gets the same answer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace clusterkit {

// Heavier nodes count as this heavy; it keeps every product below 2^63.
inline constexpr std::uint32_t kMaxNodeWeight = 1'000'000;

struct ShareRequest {
  std::uint32_t weight = 1;
  std::int64_t floor = 0;  // cannot carry less
  std::int64_t cap = 0;    // cannot carry more; >= floor
};

// The exact share lies in [low, high]; they differ by one where it is no whole number, and are equal
// elsewhere.
struct Share {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// What floors and caps take away from the proportion is shared by the other nodes, again by weight. When the
// floors add up to more than `total`, every share is its floor; when the caps add up to less, its cap. Nodes
// of weight 0 get their floor.
std::vector<Share> fairShares(std::int64_t total, std::span<const ShareRequest> nodes);

}  // namespace clusterkit
