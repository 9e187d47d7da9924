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

// Each shard is a test of its own, so that ctest can spread them over the cores.
class SimulatedSeeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimulatedSeeds, EveryPromiseHoldsUnderAllFaultsAndProgressReturns) {
  constexpr std::uint64_t seeds = CLUSTERKIT_SIM_SEEDS;
  const std::uint64_t first = 1 + GetParam() * seeds;
  Result sum;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    std::ostringstream steps;
    const Result r = simulate(seed, steps);
    if (r.violation)
      ADD_FAILURE() << steps.str() << "seed " << seed << " broke " << r.violation->invariant << ": "
                    << r.violation->detail << "\nagain: scripts/sim --seeds 1 --seed " << seed << " --trace";
    sum.add(r);
  }
  EXPECT_LE(sum.tooHard, sum.histories / 1000) << "of " << sum.histories << " histories; they prove nothing";
  if (seeds < 100) return;
  // A simulation in which nothing happens finds nothing.
  EXPECT_GT(sum.answered, 50 * seeds);
  EXPECT_GT(sum.terms, 2 * seeds);
  EXPECT_GT(sum.changes, seeds / 2);
  EXPECT_GT(sum.transfers, seeds / 4);
  EXPECT_GT(sum.deliveries, 10 * seeds);
  EXPECT_GT(sum.orders, seeds / 10);
  if (seeds < 1000) return;
  for (std::size_t fault = 0; fault < kFaults; ++fault)
    EXPECT_GT(sum.injected[fault], seeds / 10) << name(static_cast<Fault>(fault));
  for (const std::size_t flipped : sum.flipped) EXPECT_GT(flipped, seeds / 100);
}

INSTANTIATE_TEST_SUITE_P(Shards, SimulatedSeeds, testing::Range<std::uint64_t>(0, 8));

}  // namespace
}  // namespace clusterkit::sim
