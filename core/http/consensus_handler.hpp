// GET /consensus/leader, /consensus/stats; POST /v1/consensus/transfer.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class ConsensusHandler {
 public:
  explicit ConsensusHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void leader(Call& call) const;
  void stats(Call& call) const;
  void transfer(Call& call) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
