#include "http/lookup_handler.hpp"

#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {

void LookupHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/lookup", 0, [this](Call& call) { lookup(call); }});
}

void LookupHandler::lookup(Call& call) const {
  const Query query(call.request.query, {}, {"key"});
  const std::vector<std::string> keys = query.all("key");
  if (keys.empty()) throw RequestError(ErrorCode::invalid, "query parameter 'key' is missing", Applied::no);
  const auto state = api_.state();
  requireCluster(*state);
  const TopologyView& view = topology_.of(*state);
  std::string text = "{\"keys\":[";
  for (const std::string& key : keys) {
    if (text.back() == '}') text += ',';
    JsonText one;
    one.beginObject().field("key", key).field("hash", partitionHash(key)).endObject();
    text += one.text();
    text.back() = ',';  // the owners follow in the same object
    view.appendOwners(text, *state, state->partitions->partitionOf(key));
    text += '}';
  }
  text += "],\"map_epoch\":" + std::to_string(state->mapEpoch().value) + "}";
  Response response = jsonResponse(std::move(text));
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

}  // namespace clusterkit::http
