// One seed, from the plan to the verdict: the cluster is founded, then everything may go wrong for a while
// and nothing may be broken (safety), then everything is healed and the cluster must come together
// (liveness).
#pragma once

#include <iosfwd>
#include <optional>

#include "simulation/nemesis.hpp"
#include "simulation/state_invariants.hpp"
#include "simulation/trace.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

struct Result {
  std::uint64_t seed = 0;
  std::optional<Violation> violation;
  std::uint64_t traceHash = 0;
  std::uint64_t events = 0;
  Duration simulated{};
  // What was reached, to see that a run was worth something.
  std::size_t answered = 0, committed = 0, terms = 0, changes = 0, transfers = 0, requests = 0;
  std::size_t deliveries = 0, orders = 0;  // to hook sinks, and of those who hold them
  // Histories of one key, and those of them for which the checker found no answer in its number of steps.
  std::size_t histories = 0, tooHard = 0;
  EventsDenseAndInOrder::Told told{};
  Nemesis::Counts injected{};
  Nemesis::Flipped flipped{};

  // Only what can be added up.
  void add(const Result& other);
};

// A failure's last steps go to `out`.
Result simulate(std::uint64_t seed, std::ostream& out, Trace::Echo echo = Trace::Echo::Silent);

}  // namespace clusterkit::sim
