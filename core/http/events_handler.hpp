// GET /v1/events: long poll, or server-sent events for those who accept them.
#pragma once

#include "cluster/event_lines.hpp"
#include "http/cluster_api.hpp"
#include "http/event_cursor.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

class EventsHandler {
 public:
  explicit EventsHandler(ClusterApi& api);
  void addTo(Router& router);

 private:
  void events(Call& call);
  void stream(Call& call, const ClusterState& state, EventCursor cursor);

  ClusterApi& api_;
  EventLines frames_;  // of server-sent events, made of the node's lines
};

}  // namespace clusterkit::http
