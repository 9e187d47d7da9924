#include "http/nodes_handler.hpp"

#include "cluster/event_json.hpp"
#include "host/text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http {
namespace {

[[noreturn]] void noSuchNode(const NodeId& id) {
  throw RequestError(ErrorCode::notFound, "there is no node " + id, Applied::no);
}

// Of a node that is no more, which change it was.
std::string gone(const NodeId& id, LogIndex index) {
  JsonText json;
  json.beginObject().field("node_id", id).field("index", index.value).endObject();
  return json.take();
}

void writeOwned(JsonText& json, const ClusterState& state, MemberId member) {
  std::vector<PartitionId> primaries, replicas;
  for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
    if (!state.partitions->owns(member, PartitionId(p))) continue;
    (state.partitions->primaryOf(PartitionId(p)) == member ? primaries : replicas).push_back(PartitionId(p));
  }
  json.beginObject();
  for (const auto& [name, list] : {std::pair("primary", &primaries), std::pair("replica", &replicas)}) {
    json.key(name).beginArray();
    for (const PartitionId partition : *list) json.string(toString(partition));
    json.endArray();
  }
  json.endObject();
}

}  // namespace

void NodesHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/nodes/{id}", 0, [this](Call& call) { show(call); }});
  router.add({Method::del, "/v1/nodes/{id}", 0, [this](Call& call) { remove(call); }});
  router.add({Method::post, "/v1/nodes/{id}/drain", 0, [this](Call& call) { drain(call); }});
  router.add({Method::post, "/v1/nodes/{id}/undrain", 0, [this](Call& call) { undrain(call); }});
}

std::string NodesHandler::describe(const NodeId& id) const {
  const auto state = api_.state();
  requireCluster(*state);
  const NodeRecord* node = state->findNode(id);
  if (node == nullptr) noSuchNode(id);
  JsonText more;
  more.beginObject().field("member", hex64(node->spec.member.value));
  more.field("transport_address", node->spec.transportAddress).field("version", node->spec.version);
  more.field("joined_at", rfc3339(node->joinedAt)).flag("drain_requested", node->drainRequested);
  writeOwned(more.key("partitions"), *state, node->spec.member);
  more.endObject();
  std::string text = nodeJson(*node, *api_.roles());
  text.back() = ',';
  return text + more.take().substr(1);
}

void NodesHandler::show(Call& call) const {
  const Query none(call.request.query, {});
  call.responder.respond(jsonResponse(describe(call.path[0])));
}

// Of a request with a key the node may be gone by now because of it, or come back as another member: it is
// known by its text, as it was sent.
template <class Change>
void NodesHandler::change(Call& call, const char* verb) const {
  const Query none(call.request.query, {});
  const NodeId& id = call.path[0];
  WriteOptions options = writeOptions(call.request);
  const NodeRecord* node = api_.state()->findNode(id);
  const MemberId member = node == nullptr && options.idempotency ? MemberId() : memberOf(id);
  if (options.idempotency) options.idempotency->request = std::string(verb) + " " + id;
  api_.propose(Change{member}, std::move(options),
               answerWrite(call.responder, [this, id](const Outcome& done) {
                 const auto state = api_.state();
                 return jsonResponse(state->findNode(id) != nullptr ? describe(id) : gone(id, done.index));
               }));
}

MemberId NodesHandler::memberOf(const NodeId& id) const {
  const auto state = api_.state();
  requireCluster(*state);
  const NodeRecord* node = state->findNode(id);
  if (node == nullptr) noSuchNode(id);
  return node->spec.member;
}

void NodesHandler::drain(Call& call) const { change<DrainNode>(call, "drain"); }
void NodesHandler::undrain(Call& call) const { change<UndrainNode>(call, "undrain"); }

void NodesHandler::remove(Call& call) const {
  const Query query(call.request.query, {"lose_last_copies"});
  const auto consent = query.flag("lose_last_copies") ? RemoveNode::Consent::LoseLastCopies
                                                      : RemoveNode::Consent::KeepLastCopies;
  const NodeId& id = call.path[0];
  WriteOptions options = writeOptions(call.request);
  if (!options.idempotency) memberOf(id);  // 404 at once; with a key, the node may be gone because of it
  api_.removeNode(id, consent, std::move(options), answerWrite(call.responder, [id](const Outcome& outcome) {
                    return jsonResponse(gone(id, outcome.index));
                  }));
}

}  // namespace clusterkit::http
