// GET /v1/events as server-sent events (WHATWG HTML, "Server-sent events"): `id` is the number of the event,
// so that a client that comes back says by itself where it was.
#pragma once

#include <string>

#include "cluster/event_lines.hpp"
#include "http/cluster_api.hpp"
#include "http/event_cursor.hpp"
#include "http/pending.hpp"

namespace clusterkit::http {

// id, event and data of one event whose JSON is `line`, with the empty line that ends them.
std::string eventFrame(const ClusterEvent& event, const std::string& line);

class EventStream final : public StreamSource {
 public:
  // `frames` gives each event's frame and outlives the stream, like `api`.
  EventStream(ClusterApi& api, EventLines& frames, EventCursor cursor)
      : api_(api), frames_(frames), cursor_(cursor), told_(cursor.last()) {}

  // What a stream begins with: how long to wait before coming back, and where it begins.
  static std::string opening(EventSeq last);

  Next take(OutputQueue& out) override;
  void beat(OutputQueue& out) override;
  void finish(OutputQueue& out) override;

 private:
  void end(OutputQueue& out, std::string_view reason) const;

  ClusterApi& api_;
  EventLines& frames_;
  EventCursor cursor_;
  EventSeq told_;  // the last id that the client was given
};

}  // namespace clusterkit::http
