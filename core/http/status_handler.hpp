// GET /v1/status: this node, its consensus and the hash of its state; GET /v1/plugins.
#pragma once

#include "cluster/json_text.hpp"
#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class StatusHandler {
 public:
  explicit StatusHandler(const ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void status(Call& call) const;
  void plugins(Call& call) const;
  void writePlugins(JsonText& json) const;

  const ClusterApi& api_;
};

}  // namespace clusterkit::http
