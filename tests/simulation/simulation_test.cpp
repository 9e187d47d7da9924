#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "simulation/simulation.hpp"

namespace clusterkit::sim {
namespace {

Result simulateQuietly(std::uint64_t seed) {
  std::ostringstream steps;
  return simulate(seed, steps);
}

TEST(Simulation, OneSeedIsOneHistory) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Result once = simulateQuietly(seed), again = simulateQuietly(seed);
    EXPECT_EQ(once.traceHash, again.traceHash) << "seed " << seed;
    EXPECT_EQ(once.events, again.events) << "seed " << seed;
    EXPECT_NE(once.traceHash, simulateQuietly(seed + 1000).traceHash);
  }
}

// What runs before a seed must not matter, or a failure could not be run again for itself.
TEST(Simulation, AHistoryDoesNotDependOnWhatRanBeforeIt) {
  const std::uint64_t hash = simulateQuietly(9).traceHash;
  simulateQuietly(10);
  EXPECT_EQ(simulateQuietly(9).traceHash, hash);
}

TEST(Simulation, EveryPromiseHoldsUnderAllFaultsAndProgressReturns) {
  constexpr std::uint64_t seeds = CLUSTERKIT_SIM_SEEDS;
  Result sum;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    std::ostringstream steps;
    const Result r = simulate(seed, steps);
    if (r.violation)
      ADD_FAILURE() << steps.str() << "seed " << seed << " broke " << r.violation->invariant << ": "
                    << r.violation->detail << "\nagain: scripts/sim --seeds 1 --seed " << seed << " --trace";
    sum.answered += r.answered;
    sum.terms += r.terms;
    sum.changes += r.changes;
    sum.transfers += r.transfers;
  }
  // A simulation in which nothing happens finds nothing.
  EXPECT_GT(sum.answered, 50 * seeds);
  EXPECT_GT(sum.terms, 2 * seeds);
  EXPECT_GT(sum.changes, seeds / 2);
  EXPECT_GT(sum.transfers, seeds / 4);
}

}  // namespace
}  // namespace clusterkit::sim
