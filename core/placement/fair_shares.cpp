#include "placement/fair_shares.hpp"

#include <algorithm>

namespace clusterkit {

namespace {

enum class State : std::uint8_t { Open, Fixed };

struct Open {
  std::int64_t total = 0;   // still to be shared
  std::int64_t weight = 0;  // of the nodes that share it
};

Open openPart(std::int64_t total, std::span<const ShareRequest> nodes, std::span<const Share> shares,
              std::span<const State> states) {
  Open open{total, 0};
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (states[n] == State::Fixed) {
      open.total -= shares[n].low;
    } else {
      open.weight += std::min(nodes[n].weight, kMaxNodeWeight);
    }
  }
  open.total = std::max<std::int64_t>(open.total, 0);
  return open;
}

// The bound that a node's exact share breaks, or the share itself, times open.weight.
std::int64_t clampedTimesWeight(const ShareRequest& node, const Open& open) {
  const std::int64_t exact = open.total * std::min(node.weight, kMaxNodeWeight);
  return std::clamp(exact, node.floor * open.weight, node.cap * open.weight);
}

}  // namespace

// Rounds fix the nodes that break a bound in the direction in which the bounds bend the sum more, as flexible
// boxes are laid out (CSS Flexible Box Layout, section 9.7): each round fixes at least one node for good.
std::vector<Share> fairShares(std::int64_t total, std::span<const ShareRequest> nodes) {
  std::vector<Share> shares(nodes.size());
  std::vector<State> states(nodes.size(), State::Open);
  const auto fix = [&](std::size_t n, std::int64_t value) {
    shares[n] = {value, value};
    states[n] = State::Fixed;
  };
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].weight == 0) fix(n, nodes[n].floor);
  }
  for (;;) {
    const Open open = openPart(total, nodes, shares, states);
    std::int64_t bent = 0;
    bool anyBroken = false;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (states[n] == State::Fixed) continue;
      const std::int64_t exact = open.total * std::min(nodes[n].weight, kMaxNodeWeight);
      const std::int64_t clamped = clampedTimesWeight(nodes[n], open);
      bent += clamped - exact;
      anyBroken = anyBroken || clamped != exact;
      shares[n] = {exact / open.weight, (exact + open.weight - 1) / open.weight};
    }
    if (!anyBroken) return shares;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      if (states[n] == State::Fixed) continue;
      const std::int64_t exact = open.total * std::min(nodes[n].weight, kMaxNodeWeight);
      const std::int64_t clamped = clampedTimesWeight(nodes[n], open);
      if (clamped > exact && bent >= 0) fix(n, nodes[n].floor);
      if (clamped < exact && bent <= 0) fix(n, nodes[n].cap);
    }
  }
}

}  // namespace clusterkit
