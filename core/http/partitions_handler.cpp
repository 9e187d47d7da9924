#include "http/partitions_handler.hpp"

#include "cluster/event_json.hpp"
#include "http/api_answers.hpp"
#include "http/json_body.hpp"
#include "http/query.hpp"
#include "http/topology_view.hpp"

namespace clusterkit::http {
namespace {

constexpr std::size_t kLargestReport = 4096;

// "partition-7" or "7".
PartitionId partitionOf(const ClusterState& state, const std::string& text) {
  requireCluster(state);
  const auto number = parseDecimal(text);
  const auto partition = number && *number < kMaxPartitionCount
                             ? PartitionId(static_cast<std::uint32_t>(*number))
                             : parsePartitionId(text);
  if (!number && !partition)
    throw RequestError(ErrorCode::invalid, "a partition is named like partition-7", Applied::no);
  if (!partition || !state.partitions->contains(*partition)) {
    throw RequestError(ErrorCode::notFound, "there is no such partition", Applied::no);
  }
  return *partition;
}

void writeNodes(JsonText& json, const ClusterState& state, const Owners& owners) {
  json.beginArray();
  for (const MemberId member : owners) json.string(state.nodeIdOf(member));
  json.endArray();
}

}  // namespace

void PartitionsHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/partitions/{id}", 0, [this](Call& call) { show(call); }});
  router.add(
      {Method::post, "/v1/partitions/{id}/ready", kLargestReport, [this](Call& call) { ready(call); }});
}

void PartitionsHandler::show(Call& call) const {
  const Query none(call.request.query, {});
  const auto state = api_.state();
  const PartitionId partition = partitionOf(*state, call.path[0]);
  JsonText more;
  more.beginObject().key("handoff");
  if (const Handoff* handoff = state->findHandoff(partition)) {
    more.beginObject().field("id", handoff->id.value).field("started_at", rfc3339(handoff->startedAt));
    writeNodes(more.key("target"), *state, handoff->target);
    writeNodes(more.key("waiting"), *state, handoff->waiting);
    more.endObject();
  } else {
    more.null();
  }
  if (const Owners* planned = state->pendingMoves.find(BigEndianKey(partition))) {
    writeNodes(more.key("planned"), *state, *planned);
  }
  more.endObject();
  std::string text = partitionJson(*state, partition);
  text.back() = ',';
  Response response = jsonResponse(text + more.take().substr(1));
  response.position = positionOf(*state);
  call.responder.respond(std::move(response));
}

void PartitionsHandler::ready(Call& call) const {
  const Query none(call.request.query, {});
  const JsonBody body(call.request);
  ReportPartitionReady report;
  {
    const auto state = api_.state();
    report.partition = partitionOf(*state, call.path[0]);
    const std::string node = body.text("node").value_or(api_.node().id);
    const NodeRecord* record = state->findNode(node);
    if (record == nullptr) throw RequestError(ErrorCode::notFound, "there is no node " + node, Applied::no);
    report.member = record->spec.member;
    report.handoff = LogIndex(body.number("handoff").value_or(0));
  }
  const PartitionId partition = report.partition;
  proposeFor(api_, call, report, [this, partition](const Outcome& outcome) {
    const auto state = api_.state();
    std::string text = partitionJson(*state, partition);
    text.back() = ',';
    return jsonResponse(text + "\"index\":" + std::to_string(outcome.index.value) + "}");
  });
}

}  // namespace clusterkit::http
