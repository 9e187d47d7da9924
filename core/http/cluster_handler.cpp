#include "http/cluster_handler.hpp"

#include <algorithm>

#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

constexpr std::uint64_t kDefaultPage = 50;
constexpr std::uint64_t kLargestPage = 1000;
constexpr std::uint64_t kLargestOffset = 1'000'000'000;

}  // namespace

void ClusterHandler::addTo(Router& router) {
  router.add({Method::get, "/cluster", 0, [this](Call& call) { cluster(call); }});
  router.add({Method::get, "/nodes", 0, [this](Call& call) { nodes(call); }});
  router.add({Method::get, "/partitions", 0, [this](Call& call) { partitions(call); }});
  router.add({Method::get, "/partitions/stats", 0, [this](Call& call) { partitionStats(call); }});
}

void ClusterHandler::cluster(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  requireCluster(*state);
  Response response = cachedResponse(topology_.of(*state).cluster(), call.request);
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void ClusterHandler::partitions(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  requireCluster(*state);
  Response response = cachedResponse(topology_.of(*state).partitions(), call.request);
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void ClusterHandler::partitionStats(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  requireCluster(*state);
  Response response;
  response.body = Body(topology_.of(*state).partitionStats());
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void ClusterHandler::nodes(Call& call) const {
  const Query query(call.request.query, {"limit", "offset"});
  const std::uint64_t limit = query.number("limit", kDefaultPage, 1, kLargestPage);
  const std::uint64_t offset = query.number("offset", 0, 0, kLargestOffset);
  const auto state = api_.state();
  requireCluster(*state);
  const auto roles = api_.roles();
  std::string list;
  std::uint64_t at = 0;
  for (auto node = state->nodes.begin(); node && at < offset + limit; ++node, ++at) {
    if (at < offset) continue;
    if (!list.empty()) list += ',';
    list += nodeJson(*node->value, *roles);
  }
  const std::uint64_t total = state->nodes.size();
  const std::uint64_t next = std::max(at, offset);
  JsonText json;
  json.beginObject().field("total", total).field("offset", offset).field("limit", limit);
  json.flag("has_more", next < total).field("next_offset", next).endObject();
  Response response = jsonResponse("{\"nodes\":[" + list + "]," + json.take().substr(1));
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

}  // namespace clusterkit::http
