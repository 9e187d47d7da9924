#include "controller/flap_damping.hpp"

#include <algorithm>

namespace clusterkit {

namespace {

constexpr std::size_t kDownsRemembered = 64;

}  // namespace

void FlapDamping::wentDown(MemberId node, MonotonicTime now) {
  auto& downs = nodes_[node].downs;
  downs.push_back(now);
  while (downs.size() > kDownsRemembered || now - downs.front() > options_.window) downs.pop_front();
}

void FlapDamping::cameBack(MemberId node, MonotonicTime now) {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return;
  History& history = found->second;
  std::erase_if(history.downs, [&](MonotonicTime down) { return now - down > options_.window; });
  if (history.downs.size() <= options_.tolerated) return;
  Duration hold = options_.hold;
  for (std::size_t i = options_.tolerated + 1; i < history.downs.size() && hold < options_.maxHold; ++i)
    hold *= 2;
  history.heldUntil = now + std::min(hold, options_.maxHold);
}

bool FlapDamping::holds(MemberId node, MonotonicTime now) const {
  const auto found = nodes_.find(node);
  return found != nodes_.end() && now < found->second.heldUntil;
}

MonotonicTime FlapDamping::nextRelease(MonotonicTime now) const {
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [node, history] : nodes_) {
    if (history.heldUntil > now) next = std::min(next, history.heldUntil);
  }
  return next;
}

}  // namespace clusterkit
