#include <gtest/gtest.h>

#include "simulation/cluster.hpp"

namespace clusterkit::sim {
namespace {

TEST(SimulatedCluster, IsFoundedByRealNodesFromEverySeed) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Plan plan(seed);
    Cluster cluster(plan, Trace::Echo::Silent);
    cluster.found();
    ASSERT_TRUE(cluster.verdict().holds()) << seed << ": " << cluster.verdict().violation()->invariant << ", "
                                           << cluster.verdict().violation()->detail;
    ASSERT_NE(cluster.leader(), nullptr);
    EXPECT_EQ(cluster.voters(*cluster.leader()).size(), plan.voters());
  }
}

}  // namespace
}  // namespace clusterkit::sim
