// Is there one order of all operations that respects real time and in which every read sees the last write?
//
// The search of Wing and Gong ("Testing and Verifying Concurrent Objects", JPDC 1993) with Lowe's memo of
// visited configurations ("Testing for linearizability", 2017), for one register at a time: linearizability
// is local (Herlihy and Wing 1990), so each key is checked for itself.
#pragma once

#include "simulation/history.hpp"

namespace clusterkit::sim {

enum class Linearizability : std::uint8_t {
  Holds,
  Broken,
  TooHard,  // the search was given up after a bounded number of steps
};

// The register begins absent.
Linearizability check(const History& history);

}  // namespace clusterkit::sim
