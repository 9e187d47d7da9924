// GET /metrics: Prometheus text, or the original library's JSON when that is what the client accepts.
#pragma once

#include "http/cluster_api.hpp"
#include "http/http_stats.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class MetricsHandler {
 public:
  // `stats` may be set later, once there is a server.
  explicit MetricsHandler(const ClusterApi& api) : api_(api) {}
  void addTo(Router& router);
  void watch(const HttpStats& stats) { stats_ = &stats; }

 private:
  void metrics(Call& call) const;
  std::string json() const;
  std::string text() const;

  const ClusterApi& api_;
  const HttpStats* stats_ = nullptr;
};

// Families as Prometheus' text format 0.0.4.
std::string prometheusText(const std::vector<MetricFamily>& families);

}  // namespace clusterkit::http
