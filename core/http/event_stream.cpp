#include "http/event_stream.hpp"

#include "cluster/json_text.hpp"

namespace clusterkit::http {

std::string eventFrame(const ClusterEvent& event, const std::string& line) {
  // The line is JSON without a line break, so it is one field.
  std::string frame = "id: " + std::to_string(event.seq.value);
  frame += "\nevent: ";
  frame += eventType(event.body);
  frame += "\ndata: " + line + "\n\n";
  return frame;
}

std::string EventStream::opening(EventSeq last) {
  return "retry: 1000\nid: " + std::to_string(last.value) + "\n\n";
}

StreamSource::Next EventStream::take(OutputQueue& out) {
  const auto state = api_.state();
  const EventCursor::Stop stop = cursor_.advance(*state, [&](const ClusterEvent& event) {
    out.share(frames_.line(event));
    told_ = event.seq;
    return out.size() < kStreamPiece;
  });
  if (stop == EventCursor::Stop::Missing) {
    end(out, "too_slow");
    return Next::End;
  }
  return stop == EventCursor::Stop::AtEnd ? Next::Later : Next::More;
}

void EventStream::beat(OutputQueue& out) {
  // Events of other types have passed by: without their number a client that comes back would ask for a
  // history that is long gone.
  std::string beat = ": ping\n";
  if (told_ != cursor_.last()) beat += "id: " + std::to_string(cursor_.last().value) + "\n";
  told_ = cursor_.last();
  out.write(beat + "\n");
}

void EventStream::finish(OutputQueue& out) { end(out, "stopping"); }

void EventStream::end(OutputQueue& out, std::string_view reason) const {
  JsonText json;
  json.beginObject().field("reason", reason).field("resume_after", cursor_.last().value).endObject();
  out.write("event: end\ndata: " + json.take() + "\n\n");
}

}  // namespace clusterkit::http
