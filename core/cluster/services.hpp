// The instances that follow from the nodes, and how lookups walk them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster/state.hpp"
#include "discovery/service.hpp"

namespace clusterkit {

// By serviceKey(); empty for null.
std::map<std::string, ServiceInstance> instancesOf(const NodeRecord* node);
// Adds the node's instances to the state's index; tells nobody.
void addServices(ClusterState& state, const NodeRecord& node);

// The instances of one service that match, by id.
std::vector<ServiceInstance> findInstances(const ClusterState& state, const ServiceQuery& query);
// Every service that has an instance, with how many, by name.
struct ServiceCount {
  std::string service;
  std::size_t instances = 0, passing = 0;
};
std::vector<ServiceCount> listServices(const ClusterState& state);

}  // namespace clusterkit
