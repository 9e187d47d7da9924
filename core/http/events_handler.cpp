#include "http/events_handler.hpp"

#include <memory>

#include "host/units.hpp"
#include "http/accept.hpp"
#include "http/api_answers.hpp"
#include "http/event_poll.hpp"
#include "http/event_stream.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

constexpr std::chrono::seconds kDefaultWait{30};
constexpr std::chrono::minutes kLongestWait{5};
constexpr std::uint64_t kDefaultLimit = 100;
constexpr std::uint64_t kLargestLimit = 1000;

Duration waitOf(const Query& query) {
  const auto text = query.text("wait");
  if (!text) return kDefaultWait;
  const auto wait = parseDuration(*text);
  if (!wait || *wait > kLongestWait)
    throw RequestError(ErrorCode::invalid, "query parameter 'wait' must be a time from 0s to 5m, such as 30s",
                       Applied::no);
  return *wait;
}

// Where a browser was before it lost its stream; it counts more than `since`, which is still in the address
// that it comes back to.
std::optional<std::uint64_t> lastEventId(const Request& request) {
  const std::string* text = request.headers.find("Last-Event-ID");
  if (text == nullptr) return std::nullopt;
  const auto seq = parseDecimal(*text);
  if (!seq || request.headers.count("Last-Event-ID") > 1)
    throw RequestError(ErrorCode::invalid, "Last-Event-ID must be given once, and be the number of an event",
                       Applied::no);
  return seq;
}

}  // namespace

EventsHandler::EventsHandler(ClusterApi& api)
    : api_(api),
      frames_([&api](const ClusterEvent& event) { return eventFrame(event, *api.eventLine(event)); }) {}

void EventsHandler::addTo(Router& router) {
  router.add({Method::get, "/v1/events", 0, [this](Call& call) { events(call); }});
}

void EventsHandler::events(Call& call) {
  const Query query(call.request.query, {"since", "wait", "types", "limit"});
  auto since = query.number("since");
  const Duration wait = waitOf(query);
  const std::uint64_t limit = query.number("limit", kDefaultLimit, 1, kLargestLimit);
  const auto types = query.text("types");
  const EventTypes wanted = types ? EventTypes(*types) : EventTypes();
  const auto state = api_.state();
  requireCluster(*state);
  const EventSeq newest(state->nextEvent.value - 1);
  if (asksFor(call.request, kEventStream)) {
    if (const auto last = lastEventId(call.request)) since = last;
    return stream(call, *state, {since ? EventSeq(*since) : newest, wanted});
  }
  // Without a place to begin from, the answer is that place.
  const MonotonicTime now = std::chrono::steady_clock::now();
  call.responder.poll(
      since ? now + wait : now,
      std::make_unique<EventPoll>(api_, EventCursor(since ? EventSeq(*since) : newest, wanted),
                                  static_cast<std::size_t>(limit)));
}

void EventsHandler::stream(Call& call, const ClusterState& state, EventCursor cursor) {
  const bool cut = cursor.last().value + 1 < state.oldestEvent().value;
  if (cut && cursor.last() < state.nextEvent) return call.responder.respond(historyCut(state, cursor.last()));
  Response head;
  head.contentType = kEventStream;
  head.body = Body(EventStream::opening(cursor.last()));
  head.with("Cache-Control", "no-store");
  head.with("X-Accel-Buffering", "no");  // nginx would collect events before it passes them on
  head.position = positionOf(state);
  call.responder.stream(std::move(head), std::make_unique<EventStream>(api_, frames_, cursor));
}

}  // namespace clusterkit::http
