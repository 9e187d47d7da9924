#include "http/rebalance_handler.hpp"

#include "cluster/event_json.hpp"
#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

void writeNodes(JsonText& json, const ClusterState& state, const Owners& owners) {
  json.beginArray();
  for (const MemberId member : owners) json.string(state.nodeIdOf(member));
  json.endArray();
}

// Leaves the object open.
void beginRebalance(JsonText& json, const Rebalance& rebalance) {
  json.beginObject().field("plan", rebalance.plan.value).field("trigger", toString(rebalance.trigger));
  json.field("trigger_node_id", rebalance.triggerNode).field("handoff", toString(rebalance.handoff));
  json.field("started_at", rfc3339(rebalance.startedAt))
      .field("partitions_to_move", rebalance.partitionsToMove);
  json.field("partitions_moved", rebalance.partitionsMoved)
      .field("partitions_dropped", rebalance.partitionsDropped);
  json.key("nodes_affected").beginArray();
  for (const NodeId& node : rebalance.nodesAffected) json.string(node);
  json.endArray();
}

std::string stateJson(const ClusterState& state) {
  JsonText json;
  json.beginObject()
      .field("state", state.rebalance ? toString(state.rebalance->phase) : "idle")
      .key("rebalance");
  if (state.rebalance) {
    beginRebalance(json, *state.rebalance);
    json.field("pending", state.pendingMoves.size()).key("handoffs").beginArray();
    for (const auto& entry : state.handoffs) {
      json.beginObject()
          .field("partition", toString(entry.value.partition))
          .field("id", entry.value.id.value);
      writeNodes(json.key("target"), state, entry.value.target);
      writeNodes(json.key("waiting"), state, entry.value.waiting);
      json.endObject();
    }
    json.endArray().endObject();
  } else {
    json.null();
  }
  json.key("last");
  if (state.lastRebalance) {
    beginRebalance(json, state.lastRebalance->rebalance);
    json.field("outcome", toString(state.lastRebalance->outcome));
    json.field("finished_at", rfc3339(state.lastRebalance->finishedAt)).endObject();
  } else {
    json.null();
  }
  json.endObject();
  return json.take();
}

std::string planJson(const ClusterState& state, const RebalancePlan& plan) {
  JsonText json;
  json.beginObject().flag("dry_run", true).field("map_epoch", state.mapEpoch().value);
  json.field("partitions_to_move", plan.moves.size()).field("copies_moved", plan.copiesMoved());
  json.field("primaries_changed", plan.primariesChanged()).key("moves").beginArray();
  for (const Move& move : plan.moves) {
    json.beginObject().field("partition", toString(move.partition));
    writeNodes(json.key("from"), state, move.from);
    writeNodes(json.key("to"), state, move.to);
    writeNodes(json.key("copy_from"), state, move.copyFrom);
    json.endObject();
  }
  json.endArray().endObject();
  return json.take();
}

}  // namespace

void RebalanceHandler::addTo(Router& router) {
  using Action = ControlRebalance::Action;
  router.add({Method::get, "/v1/rebalance", 0, [this](Call& call) { show(call); }});
  router.add({Method::post, "/v1/rebalance", 0, [this](Call& call) { start(call); }});
  const auto addControl = [&](const char* pattern, Action action) {
    router.add({Method::post, pattern, 0, [this, action](Call& call) { control(call, action); }});
  };
  addControl("/v1/rebalance/pause", Action::Pause);
  addControl("/v1/rebalance/resume", Action::Resume);
  addControl("/v1/rebalance/cancel", Action::Cancel);
}

void RebalanceHandler::show(Call& call) const {
  const Query query(call.request.query, {"dry_run"});
  if (query.flag("dry_run")) return preview(call);
  const auto state = api_.state();
  Response response = jsonResponse(stateJson(*state));
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void RebalanceHandler::preview(Call& call) const {
  api_.previewRebalance(clusterDeadline(),
                        answerTo<RebalancePlan>(call.responder, [this](const RebalancePlan& plan) {
                          return jsonResponse(planJson(*api_.state(), plan));
                        }));
}

void RebalanceHandler::start(Call& call) const {
  const Query query(call.request.query, {"dry_run"});
  if (query.flag("dry_run")) return preview(call);
  WriteOptions options = writeOptions(call.request);
  api_.startRebalance(std::move(options), answerWrite(call.responder, [](const Outcome& outcome) {
                        JsonText json;
                        json.beginObject().field("plan", outcome.index.value).endObject();
                        Response response = jsonResponse(json.take());
                        response.status = 202;
                        return response;
                      }));
}

void RebalanceHandler::control(Call& call, ControlRebalance::Action action) const {
  const Query query(call.request.query, {"plan"});
  ControlRebalance command;
  command.plan = LogIndex(query.number("plan").value_or(0));
  command.action = action;
  proposeFor(api_, call, command, [this](const Outcome&) { return jsonResponse(stateJson(*api_.state())); });
}

}  // namespace clusterkit::http
