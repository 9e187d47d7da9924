// Where one watcher is in the event journal, and what of it it wants to hear. It holds no state and no
// events: it looks into the published state of the moment.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "cluster/state.hpp"

namespace clusterkit::http {

// A set of event types; empty means all.
class EventTypes {
 public:
  EventTypes() = default;
  // "node_join,node_leave". Throws RequestError for a word that is no type of event in the journal.
  explicit EventTypes(std::string_view list);

  bool contains(const EventBody& body) const { return bits_ == 0 || (bits_ >> body.index() & 1) != 0; }
  bool all() const { return bits_ == 0; }

 private:
  std::uint32_t bits_ = 0;
};

class EventCursor {
 public:
  // Behind `last`: the first event it gives is a later one.
  EventCursor(EventSeq last, EventTypes types) : last_(last), types_(types) {}

  enum class Stop : std::uint8_t {
    AtEnd,    // all that there is was looked at
    Midway,   // `take` wanted no more, or enough was passed over for one time
    Missing,  // the next event is not in the history any more; nothing was looked at
  };
  // Gives events of its types in order until `take` returns false; that one counts as taken.
  using Take = std::function<bool(const ClusterEvent&)>;
  Stop advance(const ClusterState& state, const Take& take);

  EventSeq last() const { return last_; }  // the last event looked at, of whatever type
  const EventTypes& types() const { return types_; }

 private:
  EventSeq last_;
  EventTypes types_;
};

}  // namespace clusterkit::http
