// GET /cluster, /nodes, /partitions, /partitions/stats.
#pragma once

#include "http/router.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http {

class ClusterHandler {
 public:
  ClusterHandler(const ClusterApi& api, TopologyCache& topology) : api_(api), topology_(topology) {}
  void addTo(Router& router);

 private:
  void cluster(Call& call) const;
  void nodes(Call& call) const;
  void partitions(Call& call) const;
  void partitionStats(Call& call) const;

  const ClusterApi& api_;
  TopologyCache& topology_;
};

}  // namespace clusterkit::http
