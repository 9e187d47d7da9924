// How a hook sink is doing, for people and programs.
#pragma once

#include <cstdint>
#include <string>

#include "clusterkit/types.hpp"

namespace clusterkit {

struct SinkStatus {
  std::string name, plugin, scope;  // scope: "every", "leader"
  std::string state;           // "running", "paused", "stuck", "standby", "starting", "failed", "stopped"
  EventSeq delivered;          // every event up to here is done with
  EventSeq newest;             // the last event there is
  std::uint64_t underWay = 0;  // deliveries begun and not answered
  std::uint64_t attempts = 0;  // of the event that holds the others up; 0: none does
  std::uint64_t deliveredTotal = 0, retriesTotal = 0, deadLettersTotal = 0;  // since the node's start
  std::string lastError;  // empty: none since the last success
};

}  // namespace clusterkit
