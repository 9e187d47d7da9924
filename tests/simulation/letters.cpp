#include "simulation/letters.hpp"

#include <algorithm>
#include <stdexcept>

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCalmWrite = 1ms;
constexpr Duration kSlowestWrite = 300ms;

}  // namespace

void SimLetters::keep(Letter letter, Kept kept) {
  if (!parts_.power.spend()) return;  // nobody will ever hear of it
  const bool fails = !parts_.calm && parts_.dice.oneIn(4);
  const Duration time = parts_.calm ? kCalmWrite : parts_.dice.between(Duration(0ms), kSlowestWrite);
  parts_.loop.timerAfter(time, [this, fails, letter = std::move(letter), kept = std::move(kept)]() mutable {
    if (!parts_.power.isOn()) return;
    if (fails) return kept({Status::Io, "as the simulation wants it", {}});
    parts_.witness.sinkDone(parts_.member, rulesOf(letter.sink), *letter.event);
    kept({});
  });
}

const SinkRules& SimLetters::rulesOf(const std::string& sink) const {
  const auto plan =
      std::find_if(plans_.begin(), plans_.end(), [&](const SinkPlan& one) { return one.rules.name == sink; });
  if (plan == plans_.end()) throw std::logic_error("no sink " + sink);
  return plan->rules;
}

}  // namespace clusterkit::sim
