// The whole API: every resource's handler on one router. Give it to an HttpServer.
#pragma once

#include <string>
#include <vector>

#include "http/cluster_handler.hpp"
#include "http/consensus_handler.hpp"
#include "http/events_handler.hpp"
#include "http/health_handler.hpp"
#include "http/http_server.hpp"
#include "http/join_handler.hpp"
#include "http/kv_handler.hpp"
#include "http/lookup_handler.hpp"
#include "http/metrics_handler.hpp"
#include "http/nodes_handler.hpp"
#include "http/partitions_handler.hpp"
#include "http/rebalance_handler.hpp"
#include "http/request_handler.hpp"
#include "http/status_handler.hpp"

namespace clusterkit::http {

class Api : public RequestHandler {
 public:
  // `cluster` outlives it, and it outlives every callback given to `cluster`: stop the server, then the node,
  // then let go of this. `allowedHosts` against DNS rebinding: names that browsers may send as Host besides
  // IP addresses and localhost; empty: every name passes.
  explicit Api(ClusterApi& cluster, std::vector<std::string> allowedHosts = {});

  // Before the server starts. `server` is the one that this answers for: /metrics shows its counters, and
  // events of the cluster wake those who wait there.
  void attach(const HttpServer& server);
  Router& router() { return router_; }  // for further resources

  std::variant<BodyLimit, Response> admit(const Request& head) override;
  void handle(const Request& request, Responder& responder) override;
  Position position() const override;

 private:
  ClusterApi& cluster_;
  const std::vector<std::string> allowedHosts_;
  Router router_;
  TopologyCache topology_;
  HealthHandler health_;
  ClusterHandler clusterHandler_;
  ConsensusHandler consensus_;
  MetricsHandler metrics_;
  JoinHandler join_;
  KvHandler kv_;
  LookupHandler lookup_;
  StatusHandler status_;
  PartitionsHandler partitions_;
  RebalanceHandler rebalance_;
  NodesHandler nodes_;
  EventsHandler events_;
};

}  // namespace clusterkit::http
