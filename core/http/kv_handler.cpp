#include "http/kv_handler.hpp"

#include <algorithm>

#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

constexpr std::uint64_t kDefaultPage = 100;
constexpr std::uint64_t kLargestPage = 1000;

const std::string& checkedKey(const std::string& key) {
  if (key.empty() || key.size() > kMaxKeyBytes) {
    throw RequestError(ErrorCode::invalid,
                       "a key must have 1 to 512 bytes, this one has " + std::to_string(key.size()),
                       Applied::no);
  }
  return key;
}

Response valueResponse(const ClusterState& state, const std::string& key) {
  const StoredValue* value = state.findValue(key);
  if (value == nullptr) {
    Response absent = errorResponse({ErrorCode::notFound, "there is no value under this key"});
    absent.position = positionOf(state);
    return absent;
  }
  Response response;
  response.contentType = kOctets;
  response.body = Body(value->bytes);
  response.with("X-ClusterKit-Version", std::to_string(value->version));
  response.position = positionOf(state);
  return response;
}

struct Page {
  std::string prefix;
  std::optional<std::string> after;  // the last key of the page before
  std::uint64_t limit = kDefaultPage;
};

Response pageResponse(const ClusterState& state, const Page& page) {
  const std::string after = page.after.value_or("");
  auto value = after > page.prefix ? state.values.after(after) : state.values.from(page.prefix);
  if (page.after && value && value->key == after) ++value;
  JsonText json;
  json.beginObject().key("keys").beginArray();
  std::string last;
  for (std::uint64_t listed = 0; listed < page.limit && value && value->key.starts_with(page.prefix);
       ++listed, ++value) {
    json.beginObject().field("key", value->key).field("version", value->value.version);
    json.field("size", value->value.bytes->size()).endObject();
    last = value->key;
  }
  json.endArray();
  const bool more = static_cast<bool>(value) && value->key.starts_with(page.prefix);
  json.flag("has_more", more);
  if (more) json.field("next_after", last);
  json.endObject();
  Response response = jsonResponse(json.take());
  response.position = positionOf(state);
  return response;
}

Response written(const std::string& key, const Outcome& outcome) {
  JsonText json;
  json.beginObject()
      .field("key", key)
      .field("version", outcome.version)
      .field("index", outcome.index.value)
      .endObject();
  return jsonResponse(json.take()).with("X-ClusterKit-Version", std::to_string(outcome.version));
}

// How old the state of a local read may be: the time since this node last heard the leader, or as the leader
// a majority. From wall clocks, for people; never negative.
std::string ageMillis(const NodeView& node) {
  if (node.lastSync == WallTime{}) return "unknown";
  const auto age = std::chrono::system_clock::now() - node.lastSync;
  return std::to_string(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(age).count()));
}

}  // namespace

void KvHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/kv", 0, [this](Call& call) { list(call); }});
  router.add({Method::get, "/v1/kv/{key...}", 0, [this](Call& call) { get(call); }});
  router.add({Method::put, "/v1/kv/{key...}", kMaxValueBytes, [this](Call& call) { put(call); }});
  router.add({Method::del, "/v1/kv/{key...}", 0, [this](Call& call) { remove(call); }});
}

void KvHandler::get(Call& call) const {
  const Query query(call.request.query, {"consistency"});
  read(call, query,
       [key = checkedKey(call.path[0])](const ClusterState& state) { return valueResponse(state, key); });
}

void KvHandler::read(Call& call, const Query& query,
                     std::function<Response(const ClusterState&)> answer) const {
  if (query.choice("consistency", {"linearizable", "local"}) == 0) {
    api_.readBarrier(clusterDeadline(), answerTo<LogIndex>(call.responder, [this, answer](LogIndex) {
                       return answer(*api_.state());
                     }));
    return;
  }
  const auto state = api_.state();
  requireCluster(*state);
  Response response = answer(*state);
  response.with("X-ClusterKit-Age-Ms", ageMillis(api_.node()));
  call.responder.respond(std::move(response));
}

void KvHandler::put(Call& call) const {
  const Query query(call.request.query, {"cas"});
  const std::string& key = checkedKey(call.path[0]);
  proposeFor(api_, call, SetValue{key, call.request.body, query.number("cas")},
             [key](const Outcome& outcome) { return written(key, outcome); });
}

void KvHandler::remove(Call& call) const {
  const Query query(call.request.query, {"cas"});
  const std::string& key = checkedKey(call.path[0]);
  proposeFor(api_, call, DeleteValue{key, query.number("cas")},
             [key](const Outcome& outcome) { return written(key, outcome); });
}

void KvHandler::list(Call& call) const {
  const Query query(call.request.query, {"prefix", "limit", "after", "consistency"});
  Page page{query.text("prefix").value_or(""), query.text("after"),
            query.number("limit", kDefaultPage, 1, kLargestPage)};
  read(call, query,
       [page = std::move(page)](const ClusterState& state) { return pageResponse(state, page); });
}

}  // namespace clusterkit::http
