// GET /v1/events as a long poll: waits for events behind a number, answers with some of them.
#pragma once

#include <vector>

#include "http/cluster_api.hpp"
#include "http/event_cursor.hpp"
#include "http/pending.hpp"

namespace clusterkit::http {

class EventPoll final : public LongPoll {
 public:
  EventPoll(ClusterApi& api, EventCursor cursor, std::size_t limit)
      : api_(api), cursor_(cursor), limit_(limit) {}

  std::optional<Response> look() override;
  Response giveUp() override;

 private:
  Response answer(const ClusterState& state, const std::vector<Bytes>& lines) const;

  ClusterApi& api_;
  EventCursor cursor_;
  const std::size_t limit_;
};

// 410: what comes behind `last` is not in the history any more.
Response historyCut(const ClusterState& state, EventSeq last);

}  // namespace clusterkit::http
