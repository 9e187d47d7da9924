// Elections and terms: scenarios 1 to 21.
#include <gtest/gtest.h>

#include "invariant.hpp"
#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

TEST(Election, S011_SoleVoterLeadsWithoutNetworkAndCommitsAfterItsOwnSync) {
  SimCluster cluster(11);
  cluster.bootstrap(A);
  EXPECT_EQ(cluster.awaitLeader(20ms), A);
  cluster.node(A).disk().held = true;
  const Handle write = cluster.propose(A, "x");
  cluster.runFor(1s);
  EXPECT_FALSE(cluster.hasEnded(write));
  cluster.node(A).disk().completeAll();
  EXPECT_TRUE(cluster.isOk(write));
}

TEST(Election, ThreeVotersElectALeaderAndReplicate) {
  SimCluster cluster(1, {A, B, C});
  cluster.awaitLeader();
  EXPECT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
