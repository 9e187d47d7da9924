// GET, PUT, DELETE /v1/kv/{key}; GET /v1/kv.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class KvHandler {
 public:
  explicit KvHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void get(Call& call) const;
  void put(Call& call) const;
  void remove(Call& call) const;
  void list(Call& call) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
