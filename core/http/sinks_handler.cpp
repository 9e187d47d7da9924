#include "http/sinks_handler.hpp"

#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

void writeSink(JsonText& json, const SinkView& sink) {
  json.beginObject().field("name", sink.name).field("plugin", sink.plugin).field("scope", sink.scope);
  json.field("state", sink.state).field("delivered", sink.delivered.value);
  const std::uint64_t newest = std::max(sink.newest.value, sink.delivered.value);
  json.field("newest", newest).field("lag", newest - sink.delivered.value);
  json.field("under_way", sink.underWay).field("attempts", sink.attempts);
  json.field("delivered_total", sink.deliveredTotal).field("retries_total", sink.retriesTotal);
  json.field("dead_letters_total", sink.deadLettersTotal).field("last_error", sink.lastError).endObject();
}

Response sinkResponse(const SinkView& sink) {
  JsonText json;
  writeSink(json, sink);
  return jsonResponse(json.take());
}

Response sinksResponse(const std::vector<SinkView>& sinks) {
  JsonText json;
  json.beginObject().key("sinks").beginArray();
  for (const SinkView& sink : sinks) writeSink(json, sink);
  json.endArray().endObject();
  return jsonResponse(json.take());
}

}  // namespace

void SinksHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/sinks", 0, [this](Call& call) { list(call); }});
  router.add({Method::get, "/v1/sinks/{name}", 0, [this](Call& call) { show(call); }});
  const auto plain = [this](SinkControl what) {
    return [this, what](Call& call) {
      const Query none(call.request.query, {});
      control(call, what);
    };
  };
  router.add({Method::post, "/v1/sinks/{name}/pause", 0, plain(PauseSink{})});
  router.add({Method::post, "/v1/sinks/{name}/resume", 0, plain(ResumeSink{})});
  router.add({Method::post, "/v1/sinks/{name}/reload", 0, plain(ReloadSink{})});
  router.add({Method::post, "/v1/sinks/{name}/replay", 0, [this](Call& call) { replay(call); }});
}

void SinksHandler::list(Call& call) const {
  const Query none(call.request.query, {});
  sinks_.listSinks(answerTo<std::vector<SinkView>>(call.responder, sinksResponse));
}

void SinksHandler::show(Call& call) const {
  const Query none(call.request.query, {});
  sinks_.listSinks(answerTo<std::vector<SinkView>>(
      call.responder, [name = call.path[0]](const std::vector<SinkView>& sinks) {
        for (const SinkView& sink : sinks)
          if (sink.name == name) return sinkResponse(sink);
        throw RequestError(ErrorCode::notFound, "this node has no sink '" + name + "'");
      }));
}

void SinksHandler::replay(Call& call) const {
  const Query query(call.request.query, {"since"});
  const auto since = query.number("since");
  if (!since)
    throw RequestError(ErrorCode::invalid, "since is missing: the number of the last event not to repeat");
  const std::uint64_t newest = cluster_.state()->nextEvent.value - 1;
  if (*since > newest)
    throw RequestError(ErrorCode::invalid, "since = " + std::to_string(*since) + ": the newest event is " +
                                               std::to_string(newest));
  control(call, ReplaySink{EventSeq(*since)});
}

void SinksHandler::control(Call& call, SinkControl control) const {
  std::string name = call.path[0];
  sinks_.controlSink(std::move(name), control, answerTo<SinkView>(call.responder, sinkResponse));
}

}  // namespace clusterkit::http
