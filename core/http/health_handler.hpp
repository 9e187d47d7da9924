// GET /health, /ready, /health/detailed.
#pragma once

#include "http/router.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http {

class HealthHandler {
 public:
  HealthHandler(const ClusterApi& api, TopologyCache& topology) : api_(api), topology_(topology) {}
  void addTo(Router& router);

 private:
  void ready(Call& call) const;
  void detailed(Call& call) const;

  const ClusterApi& api_;
  TopologyCache& topology_;
};

// As the original library's users know the states: "Leader", "Follower", "Candidate", "Shutdown",
// "not_initialized"; and "Learner".
std::string_view raftStateName(ConsensusRole role);
// "1h2m3.5s"
std::string durationText(std::chrono::milliseconds duration);

}  // namespace clusterkit::http
