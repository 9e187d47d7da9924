// What was fixed when the cluster was created counts for every node, whatever its own configuration says:
// so whoever changes such a key is told that it changes nothing. Everything [loop].
#pragma once

#include <string>
#include <vector>

#include "cluster/coordinator.hpp"

namespace clusterkit {

struct FixedFact {
  std::string key;  // "cluster.value_quota"
  std::string configured;
  std::string cluster;  // what counts

  friend bool operator==(const FixedFact&, const FixedFact&) = default;
};

// Pure.
std::vector<FixedFact> differingFacts(const ClusterFacts& configured, const ClusterFacts& cluster);

// Logs them, once, as soon as the cluster's own are known.
class FixedFactsCheck final : public ClusterObserver {
 public:
  // Registers itself with the coordinator; both outlive it.
  FixedFactsCheck(Coordinator& coordinator, Log& log, ClusterFacts configured);

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role, Epoch, MemberId) override {}
  void onMembers(std::span<const Member>, LogIndex) override {}

 private:
  Log& log_;
  const ClusterFacts configured_;
  bool checked_ = false;
};

}  // namespace clusterkit
