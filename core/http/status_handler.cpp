#include "http/status_handler.hpp"

#include "cluster/cluster_generation.hpp"
#include "cluster/event_json.hpp"
#include "host/text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

std::string_view nameOf(ConsensusRole role) {
  switch (role) {
    case ConsensusRole::Leader: return "leader";
    case ConsensusRole::Follower: return "follower";
    case ConsensusRole::Candidate: return "candidate";
    case ConsensusRole::Learner: return "learner";
    case ConsensusRole::Removed: return "removed";
    case ConsensusRole::NotStarted: break;
  }
  return "not_started";
}

void writeMembers(JsonText& json, const ClusterState& state, const std::vector<MemberId>& members) {
  json.beginArray();
  for (const MemberId member : members) {
    const std::string_view id = state.nodeIdOf(member);
    json.string(id.empty() ? hex64(member.value) : std::string(id));
  }
  json.endArray();
}

void writeConsensus(JsonText& json, const ClusterState& state, const MemberRoles& roles,
                    const NodeView& node) {
  json.field("role", nameOf(node.role)).field("term", node.term.value).key("leader");
  if (roles.leader) {
    json.beginObject()
        .field("id", state.nodeIdOf(roles.leader))
        .field("member", hex64(roles.leader.value))
        .endObject();
  } else {
    json.null();
  }
  json.field("commit_index", node.commitIndex.value).field("applied_index", node.appliedIndex.value);
  json.field("last_index", node.lastIndex.value).field("durable_index", node.durableIndex.value);
  json.field("config_index", roles.configIndex.value).field("first_index", node.firstIndex.value);
  json.field("snapshot_index", node.snapshotIndex.value);
  writeMembers(json.key("voters"), state, roles.voters);
  writeMembers(json.key("learners"), state, roles.learners);
}

void writeCluster(JsonText& json, const ClusterState& state) {
  json.beginObject().field("id", hex64(state.facts->id.value)).field("name", state.facts->name);
  json.field("generation", generationOf(state.facts->id));
  json.field("map_epoch", state.mapEpoch().value).field("nodes", state.nodes.size());
  json.field("health", toString(state.health.status)).endObject();
}

}  // namespace

void StatusHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/status", 0, [this](Call& call) { status(call); }});
  router.add({Method::get, "/v1/plugins", 0, [this](Call& call) { plugins(call); }});
}

void StatusHandler::status(Call& call) const {
  const Query query(call.request.query, {"index"});
  const auto wanted = query.number("index");
  const auto state = api_.state();
  const auto roles = api_.roles();
  const NodeView node = api_.node();
  const LogIndex index = wanted ? LogIndex(*wanted) : state->appliedIndex;
  const auto hash = index == state->appliedIndex ? stateHash(*state) : api_.stateHashAt(index);
  if (!hash) {
    throw RequestError(ErrorCode::notFound, "the state hash at index " + std::to_string(index.value) +
                                                " is not kept here; the state is at " +
                                                std::to_string(state->appliedIndex.value));
  }
  JsonText json;
  json.beginObject().key("node").beginObject().field("id", node.id).field("name", node.name);
  json.field("member", hex64(node.member.value)).field("ip", node.httpAddress).endObject();
  if (!node.problem.empty()) json.field("problem", node.problem);
  writeConsensus(json, *state, *roles, node);
  json.field("state_hash", hex64(*hash)).field("state_hash_index", index.value);
  writeCluster(json.key("cluster"), *state);
  json.field("last_sync", rfc3339(node.lastSync));
  json.key("uptime_ms").integer(node.uptime.count());
  writePlugins(json);
  json.endObject();
  Response response = jsonResponse(json.take());
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void StatusHandler::plugins(Call& call) const {
  const Query none(call.request.query, {});
  JsonText json;
  json.beginObject();
  writePlugins(json);
  json.endObject();
  call.responder.respond(jsonResponse(json.take()));
}

void StatusHandler::writePlugins(JsonText& json) const {
  json.key("plugins").beginArray();
  for (const PluginView& plugin : api_.plugins()) {
    json.beginObject().field("kind", plugin.kind).field("id", plugin.id).field("instance", plugin.instance);
    json.field("version", plugin.version).field("file", plugin.file).field("state", plugin.state);
    if (!plugin.message.empty()) json.field("message", plugin.message);
    json.endObject();
  }
  json.endArray();
}

}  // namespace clusterkit::http
