#include "simulation/convergence.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

// Who runs is back in its place or has left it, the voters are odd, and nothing is left to move.
std::string dutyLeft(Cluster& cluster, const ClusterState& state) {
  const std::size_t voters = cluster.voters(*cluster.leader()).size();
  if (voters % 2 == 0 || voters > cluster.plan().facts.maxVoters) return text(voters) + " members vote";
  if (state.rebalance && state.rebalance->phase == RebalancePhase::Running)
    return "the rebalance " + text(state.rebalance->plan.value) + " does not end";
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    if (node.status != NodeStatus::Active && node.status != NodeStatus::Left)
      return node.spec.id + " is " + std::string(toString(node.status));
  }
  return {};
}

}  // namespace

std::vector<SimNode*> runningMembers(Cluster& cluster) {
  std::vector<SimNode*> all;
  SimNode* const leader = cluster.leader();
  if (leader == nullptr) return all;
  for (const MemberId member : cluster.consensusMembers(*leader))
    if (SimNode* node = cluster.node(member); node != nullptr && node->isRunning()) all.push_back(node);
  return all;
}

std::string whatIsUntold(Cluster& cluster) {
  if (cluster.plan().sinks.empty()) return {};
  for (SimNode* node : runningMembers(cluster))
    if (std::string left = node->sinks().whatIsLeft(node == cluster.leader()); !left.empty()) return left;
  return {};
}

std::string whatIsMissing(Cluster& cluster) {
  SimNode* const leader = cluster.leader();
  if (leader == nullptr) return "nobody leads";
  const auto all = runningMembers(cluster);
  if (const auto members = cluster.consensusMembers(*leader).size(); all.size() < members)
    return "of " + text(members) + " members only " + text(all.size()) + " run";
  const auto status = leader->coordinator().consensus().status();
  if (!status || status.value().configIndex > status.value().commitIndex)
    return "the last change of members is not committed";
  if (all.size() < kMembersMin) return "the leader is the only member";
  const ClusterState& state = leader->coordinator().current();
  if (cluster.plan().duties)
    if (std::string duty = dutyLeft(cluster, state); !duty.empty()) return duty;
  for (const SimNode* node : all) {
    const ClusterState& other = node->coordinator().current();
    if (other.appliedIndex != state.appliedIndex || stateHash(other) != stateHash(state))
      return "member " + text(node->member().value) + " is at index " + text(other.appliedIndex.value) +
             ", the leader at " + text(state.appliedIndex.value);
  }
  return {};
}

}  // namespace clusterkit::sim
