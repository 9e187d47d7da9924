#include "http/health_handler.hpp"

#include "cluster/event_json.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

void health(Call& call) {
  const Query none(call.request.query, {});
  call.responder.respond(jsonResponse(R"({"success":true,"message":"healthy"})"));
}

std::vector<std::string> reasonsOf(const ClusterState& state, const MemberRoles& roles) {
  std::vector<std::string> reasons;
  const ClusterHealth& health = state.health;
  if (!state.exists()) reasons.push_back("this node is not yet part of a cluster");
  if (!roles.leader) reasons.push_back("no leader is known");
  for (const std::string& id : health.unhealthyNodeIds) reasons.push_back("node " + id + " does not answer");
  if (health.partitionsOffline > 0) {
    reasons.push_back(std::to_string(health.partitionsOffline) + " partitions have no live owner");
  }
  if (health.partitionsUnderReplicated > 0) {
    reasons.push_back(std::to_string(health.partitionsUnderReplicated) +
                      " partitions have fewer live owners than the replication factor");
  }
  return reasons;
}

}  // namespace

std::string_view raftStateName(ConsensusRole role) {
  switch (role) {
    case ConsensusRole::Leader: return "Leader";
    case ConsensusRole::Follower: return "Follower";
    case ConsensusRole::Candidate: return "Candidate";
    case ConsensusRole::Learner: return "Learner";
    case ConsensusRole::Removed: return "Shutdown";
    case ConsensusRole::NotStarted: break;
  }
  return "not_initialized";
}

std::string durationText(std::chrono::milliseconds duration) {
  using namespace std::chrono;
  const hh_mm_ss parts(duration);
  std::string text;
  if (parts.hours().count() > 0) text += std::to_string(parts.hours().count()) + "h";
  if (duration >= minutes(1)) text += std::to_string(parts.minutes().count()) + "m";
  text += std::to_string(parts.seconds().count());
  if (const auto rest = parts.subseconds().count(); rest != 0) {
    std::string digits = std::to_string(1000 + rest).substr(1);
    text += "." + digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  return text + "s";
}

void HealthHandler::addTo(Router& router) {
  router.add({Method::get, "/health", 0, health});
  router.add({Method::get, "/ready", 0, [this](Call& call) { ready(call); }});
  router.add({Method::get, "/health/detailed", 0, [this](Call& call) { detailed(call); }});
}

void HealthHandler::ready(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  const std::uint32_t count = state->partitions->partitionCount();
  const std::uint32_t valid = topology_.of(*state).validPartitions();
  const NodeView node = api_.node();
  const char* problem = nullptr;
  if (!node.problem.empty()) {
    problem = node.problem.c_str();
  } else if (!state->exists()) {
    problem = "this node is not yet part of a cluster";
  } else if (!api_.roles()->leader) {
    problem = "no leader is known";
  } else if (valid < count) {
    problem = "cluster not ready: some partitions have no live primary";
  }
  JsonText json;
  json.beginObject().flag("ready", problem == nullptr).field("nodes", state->nodes.size());
  json.field("partitions", count).field("valid_partitions", valid);
  if (problem != nullptr) json.field("message", problem);
  json.endObject();
  Response response = jsonResponse(json.take());
  if (problem != nullptr) {
    response.status = 503;
    response.with("Retry-After", "1");
  }
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void HealthHandler::detailed(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  const auto roles = api_.roles();
  const NodeView node = api_.node();
  const ClusterHealth& health = state->health;
  std::vector<std::string> reasons = reasonsOf(*state, *roles);
  if (node.storeFull) reasons.insert(reasons.begin(), "the disk of this node is full; writes wait for room");
  if (!node.problem.empty()) reasons.insert(reasons.begin(), node.problem);
  JsonText json;
  json.beginObject().flag("healthy", reasons.empty() && health.status == HealthStatus::Healthy);
  json.field("node_id", node.id).field("node_name", node.name);
  json.flag("is_leader", node.role == ConsensusRole::Leader);
  json.field("node_count", state->nodes.size()).field("partition_count", state->partitions->partitionCount());
  json.field("raft_state", raftStateName(node.role)).field("last_sync", rfc3339(node.lastSync));
  json.field("uptime", durationText(node.uptime));
  json.key("cluster").beginObject().field("status", toString(health.status));
  json.field("healthy_nodes", health.healthyNodes).field("total_nodes", health.totalNodes);
  json.key("unhealthy_node_ids").beginArray();
  for (const std::string& id : health.unhealthyNodeIds) json.string(id);
  json.endArray().field("partitions_offline", health.partitionsOffline);
  json.field("partitions_under_replicated", health.partitionsUnderReplicated);
  json.key("reasons").beginArray();
  for (const std::string& reason : reasons) json.string(reason);
  json.endArray().endObject().endObject();
  call.responder.respond(jsonResponse(json.take()));
}

}  // namespace clusterkit::http
