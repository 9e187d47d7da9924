// The dead letters of a simulated node: slow, and not always kept. Only that one is kept is told, for nobody
// reads it.
#pragma once

#include <vector>

#include "events/dead_letters.hpp"
#include "host/event_loop.hpp"
#include "simulation/dice.hpp"
#include "simulation/plan.hpp"
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

class SimLetters final : public DeadLetters {
 public:
  // `plans` outlive this object.
  SimLetters(const SinkParts& parts, const std::vector<SinkPlan>& plans) : parts_(parts), plans_(plans) {}

  void keep(Letter letter, Kept kept) override;

 private:
  const SinkRules& rulesOf(const std::string& sink) const;

  const SinkParts parts_;
  const std::vector<SinkPlan>& plans_;
};

}  // namespace clusterkit::sim
