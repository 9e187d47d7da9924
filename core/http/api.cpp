#include "http/api.hpp"

#include "http/api_answers.hpp"
#include "http/origin_check.hpp"

namespace clusterkit::http {

Api::Api(ClusterApi& cluster, std::vector<std::string> allowedHosts)
    : cluster_(cluster),
      allowedHosts_(std::move(allowedHosts)),
      topology_(cluster),
      health_(cluster, topology_),
      clusterHandler_(cluster, topology_),
      consensus_(cluster),
      metrics_(cluster),
      join_(cluster),
      kv_(cluster),
      lookup_(cluster, topology_),
      status_(cluster),
      partitions_(cluster),
      rebalance_(cluster),
      nodes_(cluster),
      events_(cluster) {
  health_.addTo(router_);
  clusterHandler_.addTo(router_);
  consensus_.addTo(router_);
  metrics_.addTo(router_);
  join_.addTo(router_);
  kv_.addTo(router_);
  lookup_.addTo(router_);
  status_.addTo(router_);
  partitions_.addTo(router_);
  rebalance_.addTo(router_);
  nodes_.addTo(router_);
  events_.addTo(router_);
}

void Api::attach(const HttpServer& server) {
  metrics_.watch(server.stats());
  cluster_.onEvents(server.signaller());
}

std::variant<BodyLimit, Response> Api::admit(const Request& head) {
  if (const auto refused = checkOrigin(head, allowedHosts_)) return errorResponse(*refused);
  auto found = router_.resolve(head);
  if (auto* refusal = std::get_if<Response>(&found)) return std::move(*refusal);
  return BodyLimit{std::get<const Route*>(found)->bodyLimit};
}

void Api::handle(const Request& request, Responder& responder) {
  auto found = router_.resolve(request);
  if (auto* refusal = std::get_if<Response>(&found)) return responder.respond(std::move(*refusal));
  const Route* route = std::get<const Route*>(found);
  const std::vector<std::string> path = Router::parameters(*route, request.path);
  Call call{request, path, responder};
  route->endpoint(call);
}

Position Api::position() const { return positionOf(*cluster_.state()); }

}  // namespace clusterkit::http
