// What the configuration says about a hook sink.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "clusterkit/types.hpp"

namespace clusterkit {

struct DeliveryRules {
  std::uint32_t concurrency = 1;               // deliveries at once
  std::uint32_t maxAttempts = 0;               // of one event; 0: no limit
  Duration backoff = std::chrono::seconds(1);  // before the second attempt; doubles with each further one
  Duration maxBackoff = std::chrono::minutes(1);
  std::set<std::string, std::less<>> types;  // of events; empty: all. A gap is told in any case
};

enum class SinkScope : std::uint8_t { Every, Leader };  // who delivers: every node, or the leader only

enum class SinkStart : std::uint8_t {
  New,    // with this node's own node_join or node_rejoin of this start
  Oldest  // with the oldest event that is kept
};

struct SinkRules {
  std::string name;  // of the section
  DeliveryRules delivery;
  Duration timeout = std::chrono::seconds(30);  // of one delivery
  SinkScope scope = SinkScope::Every;
  SinkStart start = SinkStart::New;  // of a sink without a cursor
  bool deadLetter = true;            // keep what was given up; false: only log it
};

std::string_view toString(SinkScope scope);

}  // namespace clusterkit
