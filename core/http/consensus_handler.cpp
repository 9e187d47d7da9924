#include "http/consensus_handler.hpp"

#include <algorithm>

#include "cluster/event_json.hpp"
#include "http/api_answers.hpp"
#include "http/health_handler.hpp"
#include "http/query.hpp"

namespace clusterkit::http {

void ConsensusHandler::addTo(Router& router) {
  router.add({Method::get, "/consensus/leader", 0, [this](Call& call) { leader(call); }});
  router.add({Method::get, "/consensus/stats", 0, [this](Call& call) { stats(call); }});
  router.add({Method::post, "/v1/consensus/transfer", 0, [this](Call& call) { transfer(call); }});
}

void ConsensusHandler::leader(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  const auto roles = api_.roles();
  const NodeRecord* leader = state->findNode(roles->leader);
  if (leader == nullptr) throw RequestError(ErrorCode::notFound, "no leader elected");
  const NodeView node = api_.node();
  // The log's own record of the election is the same on every node; until it is applied, what this node saw.
  const bool recorded =
      state->leader && state->leader->member == roles->leader && state->leader->term == node.term;
  JsonText json;
  json.beginObject().field("leader_id", leader->spec.id).field("leader_name", leader->spec.name);
  json.field("leader_ip", leader->spec.httpAddress).field("term", node.term.value);
  json.field("elected_at", rfc3339(recorded ? state->leader->electedAt : roles->leaderSince)).endObject();
  call.responder.respond(jsonResponse(json.take()));
}

void ConsensusHandler::stats(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  const auto roles = api_.roles();
  const NodeView node = api_.node();
  const auto others = std::count_if(roles->voters.begin(), roles->voters.end(),
                                    [&](MemberId member) { return member != node.member; });
  JsonText json;
  json.beginObject().field("state", raftStateName(node.role)).field("term", node.term.value);
  json.field("last_log_index", node.lastIndex.value).field("last_log_term", node.lastTerm.value);
  json.field("commit_index", node.commitIndex.value).field("applied_index", node.appliedIndex.value);
  json.field("num_peers", static_cast<std::uint64_t>(others)).field("leader", state->nodeIdOf(roles->leader));
  json.field("num_learners", roles->learners.size()).endObject();
  call.responder.respond(jsonResponse(json.take()));
}

void ConsensusHandler::transfer(Call& call) const {
  const Query query(call.request.query, {"to"});
  auto to = query.text("to");
  if (to && api_.state()->findNode(*to) == nullptr) {
    throw RequestError(ErrorCode::notFound, "there is no node " + *to, Applied::no);
  }
  api_.transferLeadership(std::move(to), clusterDeadline(),
                          answerTo<MemberId>(call.responder, [this](MemberId leader) {
                            const auto state = api_.state();
                            JsonText json;
                            json.beginObject().field("leader_id", state->nodeIdOf(leader)).endObject();
                            return jsonResponse(json.take());
                          }));
}

}  // namespace clusterkit::http
