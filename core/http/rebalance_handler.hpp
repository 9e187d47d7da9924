// GET and POST /v1/rebalance, POST /v1/rebalance/pause, /resume, /cancel.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class RebalanceHandler {
 public:
  explicit RebalanceHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void show(Call& call) const;
  void start(Call& call) const;
  void preview(Call& call) const;
  void control(Call& call, ControlRebalance::Action action) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
