// Where a cluster must come to rest once everything is healed: all members in the same state, and with
// Plan::duties nothing left to do for the leader.
#pragma once

#include <string>
#include <vector>

#include "simulation/cluster.hpp"

namespace clusterkit::sim {

constexpr std::size_t kMembersMin = 2;  // of three, one may have had to be replaced

// The running ones among those that the leader counts as members; empty without a leader.
std::vector<SimNode*> runningMembers(Cluster& cluster);

// What is missing, in one line; empty: the cluster is at rest.
std::string whatIsMissing(Cluster& cluster);
// What hook sinks were not told of yet, in one line.
std::string whatIsUntold(Cluster& cluster);

}  // namespace clusterkit::sim
