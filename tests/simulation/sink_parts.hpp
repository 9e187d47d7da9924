// What a simulated node's sinks and their dead letters share.
#pragma once

#include "host/event_loop.hpp"
#include "simulation/dice.hpp"
#include "simulation/power.hpp"
#include "simulation/witness.hpp"

namespace clusterkit::sim {

// What sinks need of their node and their simulation; outlives them.
struct SinkParts {
  MemberId member;
  EventLoop& loop;
  Power& power;
  Dice& dice;
  Witness& witness;
  const bool& calm;  // no sink fails any more, and every letter is kept
};

}  // namespace clusterkit::sim
