#include "http/event_poll.hpp"

#include "cluster/json_text.hpp"
#include "http/api_answers.hpp"

namespace clusterkit::http {
namespace {

constexpr std::size_t kAnswerBytes = 256 * 1024;  // of events; one that is larger goes alone

}  // namespace

std::optional<Response> EventPoll::look() {
  const auto state = api_.state();
  std::vector<Bytes> lines;
  std::size_t bytes = 0;
  const EventCursor::Stop stop = cursor_.advance(*state, [&](const ClusterEvent& event) {
    lines.push_back(api_.eventLine(event));
    bytes += lines.back()->size();
    return lines.size() < limit_ && bytes < kAnswerBytes;
  });
  if (stop == EventCursor::Stop::Missing) return historyCut(*state, cursor_.last());
  // Many events that nobody wants to hear are an answer too: the client goes on behind them.
  if (lines.empty() && stop == EventCursor::Stop::AtEnd) return std::nullopt;
  return answer(*state, lines);
}

Response EventPoll::giveUp() { return answer(*api_.state(), {}); }

Response EventPoll::answer(const ClusterState& state, const std::vector<Bytes>& lines) const {
  std::string body = "{\"events\":[";
  for (const Bytes& line : lines) {
    if (body.back() == '}') body += ',';
    body += *line;
  }
  body += "],\"last_seq\":" + std::to_string(cursor_.last().value);
  body += ",\"oldest_seq\":" + std::to_string(state.oldestEvent().value) + "}";
  Response response = jsonResponse(std::move(body));
  response.with("Cache-Control", "no-store");
  response.position = positionOf(state);
  return response;
}

Response historyCut(const ClusterState& state, EventSeq last) {
  const std::string oldest = std::to_string(state.oldestEvent().value);
  Error error{ErrorCode::gone, "the events behind " + std::to_string(last.value) +
                                   " are not kept any more; the oldest one is " + oldest};
  error.name = "history_cut";
  Response response = errorResponse(error);
  response.with("X-ClusterKit-Oldest-Seq", oldest).with("Cache-Control", "no-store");
  response.position = positionOf(state);
  return response;
}

}  // namespace clusterkit::http
