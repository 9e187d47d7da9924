// POST /join: a node asks to become a member.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class JoinHandler {
 public:
  explicit JoinHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void join(Call& call) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
