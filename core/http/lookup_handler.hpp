// GET /v1/lookup?key=…: who owns a key.
#pragma once

#include "http/router.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http {

class LookupHandler {
 public:
  LookupHandler(const ClusterApi& api, TopologyCache& topology) : api_(api), topology_(topology) {}
  void addTo(Router& router);

 private:
  void lookup(Call& call) const;

  const ClusterApi& api_;
  TopologyCache& topology_;
};

}  // namespace clusterkit::http
