#include "placement/plan_rebalance.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "placement/placement_problem.hpp"
#include "placement/primaries.hpp"

namespace clusterkit {

namespace {

bool contains(std::span<const MemberId> members, MemberId member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

Owners without(std::span<const MemberId> members, std::span<const MemberId> excluded) {
  Owners rest;
  std::copy_if(members.begin(), members.end(), std::back_inserter(rest),
               [&](MemberId m) { return !contains(excluded, m); });
  return rest;
}

// Members that are up, whether they may own partitions or are about to leave.
std::set<MemberId> liveMembers(std::span<const PlacementNode> nodes) {
  std::set<MemberId> live;
  for (const PlacementNode& node : nodes) {
    if (node.standing != NodeStanding::Absent) live.insert(node.member);
  }
  return live;
}

Owners liveOf(std::span<const MemberId> owners, const std::set<MemberId>& live) {
  Owners alive;
  std::copy_if(owners.begin(), owners.end(), std::back_inserter(alive),
               [&](MemberId m) { return live.contains(m); });
  return alive;
}

RebalancePlan planOf(const PartitionMap& present, const Assignment& target, const std::set<MemberId>& live) {
  RebalancePlan plan;
  for (std::uint32_t p = 0; p < present.partitionCount(); ++p) {
    const auto from = present.ownersOf(PartitionId(p));
    if (std::ranges::equal(from, target[p])) continue;
    plan.moves.push_back({PartitionId(p), {from.begin(), from.end()}, target[p], liveOf(from, live)});
  }
  return plan;
}

}  // namespace

Owners Move::added() const { return without(to, from); }
Owners Move::removed() const { return without(from, to); }
bool Move::changesPrimary() const {
  return (from.empty() ? MemberId() : from.front()) != (to.empty() ? MemberId() : to.front());
}

std::size_t RebalancePlan::copiesMoved() const {
  std::size_t copies = 0;
  for (const Move& move : moves) copies += move.added().size();
  return copies;
}

std::size_t RebalancePlan::primariesChanged() const {
  return static_cast<std::size_t>(
      std::count_if(moves.begin(), moves.end(), [](const Move& move) { return move.changesPrimary(); }));
}

std::vector<MemberId> RebalancePlan::nodesAffected() const {
  std::set<MemberId> affected;
  for (const Move& move : moves) {
    for (const MemberId member : move.added()) affected.insert(member);
    for (const MemberId member : move.removed()) affected.insert(member);
    if (!move.changesPrimary()) continue;
    if (!move.from.empty()) affected.insert(move.from.front());
    if (!move.to.empty()) affected.insert(move.to.front());
  }
  return {affected.begin(), affected.end()};
}

std::vector<OwnerChange> RebalancePlan::ownerChanges() const {
  std::vector<OwnerChange> changes;
  for (const Move& move : moves) changes.push_back({move.partition, move.to});
  return changes;
}

RebalancePlan planRebalance(const PartitionMap& present, std::span<const PlacementNode> nodes,
                            const PlacementStrategy& strategy, std::uint32_t replicationFactor) {
  const Assignment now = present.assignment();
  const std::set<MemberId> live = liveMembers(nodes);
  Assignment target = strategy.assign({nodes, replicationFactor, now});
  for (std::size_t p = 0; p < now.size(); ++p) {
    const Owners holders = liveOf(now[p], live);
    const bool oneStays =
        std::any_of(holders.begin(), holders.end(), [&](MemberId m) { return contains(target[p], m); });
    // Make before break: the only live copies go when the new owners hold the data, with the next plan.
    if (!holders.empty() && !oneStays) target[p].push_back(holders.front());
    const auto firstLive =
        std::find_if(target[p].begin(), target[p].end(), [&](MemberId m) { return live.contains(m); });
    if (firstLive != target[p].end()) std::rotate(target[p].begin(), firstLive, firstLive + 1);
  }
  return planOf(present, target, live);
}

RebalancePlan promoteReplicas(const PartitionMap& present, std::span<const PlacementNode> nodes) {
  const Assignment now = present.assignment();
  const std::set<MemberId> live = liveMembers(nodes);
  const PlacementProblem problem({nodes, static_cast<std::uint32_t>(nodes.size()), now});
  std::vector<std::size_t> headless;
  for (std::size_t p = 0; p < now.size(); ++p) {
    if (!now[p].empty() && !live.contains(now[p].front()) && !liveOf(now[p], live).empty())
      headless.push_back(p);
  }
  NumberedAssignment heirs = problem.present;
  choosePrimaries(problem, headless, heirs);

  Assignment target = now;
  for (const std::size_t p : headless) {
    Owners& owners = target[p];
    const bool hasHeir = !heirs[p].empty() && problem.available(heirs[p].front());
    // Only nodes that are about to leave live: one of them has to serve until the next plan.
    const MemberId primary = hasHeir ? problem.nodes[heirs[p].front()].member : liveOf(owners, live).front();
    const MemberId dead = owners.front();
    std::erase_if(owners, [&](MemberId m) { return m == primary || m == dead; });
    owners.insert(owners.begin(), primary);
    owners.push_back(dead);
  }
  return planOf(present, target, live);
}

}  // namespace clusterkit
