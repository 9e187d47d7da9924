// GET, PUT, DELETE /v1/kv/{key}; GET /v1/kv.
#pragma once

#include <functional>

#include "http/cluster_api.hpp"
#include "http/query.hpp"
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
  // Answers from a state that has every acknowledged write, or at once from this node's own when asked to.
  void read(Call& call, const Query& query, std::function<Response(const ClusterState&)> answer) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
