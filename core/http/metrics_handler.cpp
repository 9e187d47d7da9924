#include "http/metrics_handler.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "cluster/event_json.hpp"
#include "http/accept.hpp"
#include "http/health_handler.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

using Type = MetricFamily::Type;

MetricFamily family(std::string name, std::string help, Type type, double value) {
  return {std::move(name), std::move(help), type, {{{}, value, 0, {}}}};
}

double number(const std::atomic<std::uint64_t>& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

std::vector<MetricFamily> serverFamilies(const HttpStats& stats) {
  std::vector<MetricFamily> all;
  MetricFamily& answers = all.emplace_back();
  answers = {"clusterkit_http_requests_total", "Requests answered, by class of status.", Type::Counter, {}};
  for (std::size_t i = 2; i < stats.byClass.size(); ++i) {
    answers.samples.push_back({{{"class", std::to_string(i) + "xx"}}, number(stats.byClass[i]), 0, {}});
  }
  all.push_back(
      family("clusterkit_http_connections", "Client connections open now.", Type::Gauge, number(stats.open)));
  all.push_back(family("clusterkit_http_watchers", "Of them, those with a long poll or a stream.",
                       Type::Gauge, number(stats.waiting)));
  all.push_back(family("clusterkit_http_connections_total", "Client connections accepted.", Type::Counter,
                       number(stats.accepted)));
  all.push_back(family("clusterkit_http_refused_connections_total",
                       "Client connections ended because of a cap.", Type::Counter, number(stats.refused)));
  all.push_back(family("clusterkit_http_malformed_requests_total", "Requests that the parser refused.",
                       Type::Counter, number(stats.malformed)));
  all.push_back(family("clusterkit_http_timeouts_total", "Requests or answers that took too long.",
                       Type::Counter, number(stats.timeouts)));
  return all;
}

std::vector<MetricFamily> clusterFamilies(const ClusterState& state, const NodeView& node) {
  std::vector<MetricFamily> all;
  const auto gauge = [&](const char* name, const char* help, double value) {
    all.push_back(family(name, help, Type::Gauge, value));
  };
  gauge("clusterkit_is_leader", "1 on the node that leads.", node.role == ConsensusRole::Leader ? 1 : 0);
  gauge("clusterkit_term", "Term of this node's consensus.", static_cast<double>(node.term.value));
  gauge("clusterkit_commit_index", "Newest committed log index.",
        static_cast<double>(node.commitIndex.value));
  gauge("clusterkit_applied_index", "Newest applied log index.",
        static_cast<double>(node.appliedIndex.value));
  gauge("clusterkit_durable_index", "Newest log index on this node's disk.",
        static_cast<double>(node.durableIndex.value));
  gauge("clusterkit_store_full", "1 while this node's disk has no room for writes.", node.storeFull ? 1 : 0);
  gauge("clusterkit_uptime_seconds", "Time since this node started.",
        std::chrono::duration<double>(node.uptime).count());
  gauge("clusterkit_map_epoch", "Epoch of the partition map.", static_cast<double>(state.mapEpoch().value));
  gauge("clusterkit_nodes", "Nodes of the cluster.", static_cast<double>(state.nodes.size()));
  gauge("clusterkit_healthy_nodes", "Nodes that answer.", state.health.healthyNodes);
  gauge("clusterkit_partitions", "Partitions of the cluster.", state.partitions->partitionCount());
  gauge("clusterkit_partitions_offline", "Partitions without a live owner.", state.health.partitionsOffline);
  gauge("clusterkit_partitions_under_replicated", "Partitions with fewer live owners than asked for.",
        state.health.partitionsUnderReplicated);
  gauge("clusterkit_values", "Replicated values.", static_cast<double>(state.values.size()));
  gauge("clusterkit_value_bytes", "Bytes of all keys and values.",
        static_cast<double>(state.values.weight()));
  return all;
}

prometheus::ClientMetric converted(const MetricFamily& family, const MetricFamily::Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& label : sample.labels) metric.label.push_back({label.name, label.value});
  switch (family.type) {
    case Type::Counter: metric.counter.value = sample.value; break;
    case Type::Gauge: metric.gauge.value = sample.value; break;
    case Type::Histogram:
      metric.histogram.sample_sum = sample.value;
      metric.histogram.sample_count = sample.count;
      for (const auto& bucket : sample.buckets)
        metric.histogram.bucket.push_back({bucket.count, bucket.upperBound});
      break;
  }
  return metric;
}

}  // namespace

std::string prometheusText(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> all;
  for (const MetricFamily& source : families) {
    prometheus::MetricFamily& target = all.emplace_back();
    target.name = source.name;
    target.help = source.help;
    target.type = source.type == Type::Counter ? prometheus::MetricType::Counter
                  : source.type == Type::Gauge ? prometheus::MetricType::Gauge
                                               : prometheus::MetricType::Histogram;
    for (const auto& sample : source.samples) target.metric.push_back(converted(source, sample));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, all);
  return std::move(out).str();
}

void MetricsHandler::addTo(Router& router) {
  router.add({Method::get, "/metrics", 0, [this](Call& call) { metrics(call); }});
}

void MetricsHandler::metrics(Call& call) const {
  const Query none(call.request.query, {});
  if (asksFor(call.request, kJson)) {
    call.responder.respond(jsonResponse(json()));
    return;
  }
  Response response;
  response.contentType = "text/plain; version=0.0.4; charset=utf-8";
  response.body = Body(text());
  call.responder.respond(std::move(response));
}

std::string MetricsHandler::json() const {
  const auto state = api_.state();
  const NodeView node = api_.node();
  const auto counted = [this](auto read) { return stats_ != nullptr ? read(*stats_) : std::uint64_t{0}; };
  JsonText json;
  json.beginObject().field("node_count", state->nodes.size());
  json.field("partition_count", state->partitions->partitionCount());
  json.field("request_count", counted([](const HttpStats& s) { return s.requests.load(); }));
  json.field("error_count",
             counted([](const HttpStats& s) { return s.byClass[4].load() + s.byClass[5].load(); }));
  json.field("last_sync", rfc3339(node.lastSync)).flag("is_leader", node.role == ConsensusRole::Leader);
  json.field("raft_state", raftStateName(node.role));
  json.key("uptime_seconds").integer(std::chrono::duration_cast<std::chrono::seconds>(node.uptime).count());
  json.endObject();
  return json.take();
}

std::string MetricsHandler::text() const {
  std::vector<MetricFamily> all = api_.metrics();
  const auto addNew = [&all](std::vector<MetricFamily> more) {
    for (MetricFamily& one : more) {
      const bool known =
          std::any_of(all.begin(), all.end(), [&](const MetricFamily& f) { return f.name == one.name; });
      if (!known) all.push_back(std::move(one));
    }
  };
  addNew(clusterFamilies(*api_.state(), api_.node()));
  if (stats_ != nullptr) addNew(serverFamilies(*stats_));
  return prometheusText(all);
}

}  // namespace clusterkit::http
