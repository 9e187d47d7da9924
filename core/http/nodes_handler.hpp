// GET and DELETE /v1/nodes/{id}, POST /v1/nodes/{id}/drain, /undrain.
#pragma once

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class NodesHandler {
 public:
  explicit NodesHandler(ClusterApi& api) : api_(api) {}
  void addTo(Router& router);

 private:
  void show(Call& call) const;
  template <class Change>
  void change(Call& call, const char* verb) const;
  void drain(Call& call) const;
  void undrain(Call& call) const;
  void remove(Call& call) const;
  MemberId memberOf(const NodeId& id) const;
  std::string describe(const NodeId& id) const;

  ClusterApi& api_;
};

}  // namespace clusterkit::http
