// The dead letters of a simulated node: slow, and not always kept. Only that one is kept is told, for nobody
// reads it.
#pragma once

#include <vector>

#include "events/dead_letters.hpp"
#include "simulation/plan.hpp"
#include "simulation/sink_parts.hpp"

namespace clusterkit::sim {

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
