// How patiently work for the leader waits while nobody leads: for writes (write_path) and for what the leader
// is asked (controller/leader_gate).
#pragma once

#include "clusterkit/types.hpp"

namespace clusterkit {

// For a leader to be known: a little over two elections with the default timeouts.
inline constexpr Duration kLeaderWait = std::chrono::milliseconds(1500);
// How often what waits is looked at.
inline constexpr Duration kLeaderSweep = std::chrono::milliseconds(25);
inline constexpr const char* kNodeStops = "the node is stopping";

// Definite refusals after which another try makes sense: leadership moved, or nobody led.
inline bool worthAnotherTry(Status status) {
  return status == Status::NotLeader || status == Status::Cancelled || status == Status::Unavailable ||
         status == Status::Again;
}

}  // namespace clusterkit
