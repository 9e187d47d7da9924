// GET /v1/partitions/{id}, POST /v1/partitions/{id}/ready.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class PartitionsHandler {
 public:
  explicit PartitionsHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void show(Call& call) const;
  void ready(Call& call) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
