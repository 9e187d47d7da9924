#include "cluster/services.hpp"

namespace clusterkit {

std::map<std::string, ServiceInstance> instancesOf(const NodeRecord* node) {
  std::map<std::string, ServiceInstance> instances;
  if (!node) return instances;
  const Passing passing = isLive(node->status) ? Passing::Yes : Passing::No;
  for (const auto& spec : node->spec.services) {
    ServiceInstance instance = instanceOn(node->spec.id, spec, passing);
    instances.emplace(serviceKey(spec.service, instance.spec.id), std::move(instance));
  }
  return instances;
}

void addServices(ClusterState& state, const NodeRecord& node) {
  for (const auto& [key, instance] : instancesOf(&node)) state.services.set(key, instance, 0);
}

std::vector<ServiceInstance> findInstances(const ClusterState& state, const ServiceQuery& query) {
  std::vector<ServiceInstance> found;
  const std::string prefix = servicePrefix(query.service);
  for (auto at = state.services.from(prefix); at && at->key.starts_with(prefix); ++at) {
    if (matches(at->value, query)) found.push_back(at->value);
  }
  return found;
}

std::vector<ServiceCount> listServices(const ClusterState& state) {
  std::vector<ServiceCount> services;
  for (const auto& entry : state.services) {
    const ServiceInstance& instance = entry.value;
    if (services.empty() || services.back().service != instance.spec.service) {
      services.push_back({instance.spec.service, 0, 0});
    }
    ++services.back().instances;
    if (instance.passing == Passing::Yes) ++services.back().passing;
  }
  return services;
}

}  // namespace clusterkit
