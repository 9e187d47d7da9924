#include "controller/placement_view.hpp"

#include <algorithm>
#include <optional>

namespace clusterkit {

void Absences::observe(const ClusterState& state, MonotonicTime now) {
  std::map<MemberId, MonotonicTime> next;
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    if (isLive(node.status)) continue;
    const auto known = since_.find(node.spec.member);
    next.emplace(node.spec.member, known == since_.end() ? now : known->second);
  }
  since_ = std::move(next);
}

bool Absences::overdue(MemberId member, Duration grace, MonotonicTime now) const {
  const auto found = since_.find(member);
  return found != since_.end() && now - found->second >= grace;
}

MonotonicTime Absences::nextOverdue(Duration grace, MonotonicTime now) const {
  MonotonicTime next = MonotonicTime::max();
  for (const auto& [member, since] : since_) {
    if (since + grace > now) next = std::min(next, since + grace);
  }
  return next;
}

namespace {

std::optional<NodeStanding> standingOf(const NodeRecord& node, const Absences& absences,
                                       const FlapDamping& damping, Duration grace, MonotonicTime now) {
  switch (node.status) {
    case NodeStatus::Active:
    case NodeStatus::Suspect:
    case NodeStatus::Draining:
      if (node.drainRequested || node.status == NodeStatus::Draining) return NodeStanding::Leaving;
      return damping.holds(node.spec.member, now) ? NodeStanding::Absent : NodeStanding::Available;
    case NodeStatus::Joining: return NodeStanding::Absent;
    case NodeStatus::Down:
    case NodeStatus::Left: break;
  }
  if (absences.overdue(node.spec.member, grace, now)) return std::nullopt;
  return NodeStanding::Absent;
}

}  // namespace

std::vector<PlacementNode> placementNodes(const ClusterState& state, const Absences& absences,
                                          const FlapDamping& damping, Duration grace, MonotonicTime now) {
  std::vector<PlacementNode> nodes;
  for (const auto& entry : state.nodes) {
    const NodeSpec& spec = entry.value->spec;
    const auto standing = standingOf(*entry.value, absences, damping, grace, now);
    if (standing) nodes.push_back({spec.member, spec.id, spec.zone, spec.weight, *standing});
  }
  return nodes;
}

}  // namespace clusterkit
