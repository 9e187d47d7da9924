// On the way into the voters and out of them: scenarios 74 and 76.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

TEST(Learner, S074_IsPromotedOnlyWhenItIsCloseEnough) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}, {D}), {}, {term(1), {}, {}}));
  node.lead({B});  // term 2, no-op at 2
  node.receive(B, term(2), AppendAccepted{at(2)});
  node.receive(D, term(2), AppendAccepted{at(2)});
  ASSERT_EQ(node.status().commitIndex, at(2));
  for (std::uint64_t i = 1; i <= 100; ++i) node.step(Propose{{bytes("x")}, Handle{i}});
  const LogIndex last = node.status().lastIndex;
  node.receive(B, term(2), AppendAccepted{last});
  const LogIndex close{last.value - testOptions().promotionLag};
  std::uint64_t call = 200;
  const auto promotes = [&] {
    node.step(ChangeMembers{PromoteLearner{D}, Handle{++call}});
    return node.outcome(Handle{call}) != OutcomeCode::Conflict;
  };
  EXPECT_FALSE(promotes()) << "it answers, and is 100 entries behind";
  node.receive(D, term(2), AppendAccepted{previous(close)});
  EXPECT_FALSE(promotes()) << "one too many is missing";
  EXPECT_FALSE(node.raft().configuration().isVoter(D));
  node.receive(D, term(2), AppendAccepted{close});
  EXPECT_TRUE(promotes());
  EXPECT_TRUE(node.raft().configuration().isVoter(D));
}

// A member that has lost its vote and could not be told goes on asking, which moves nobody; once it knows, it
// asks no more.
TEST(Learner, S076_DemotedVoterDisturbsNobodyAndStopsCampaigningWhenItKnows) {
  SimCluster cluster(176, {A, B, C});
  cluster.elect(A);
  cluster.expectConverged();
  const Term before = cluster.highestTerm();
  cluster.isolate(C);
  ASSERT_EQ(cluster.await(cluster.change(A, DemoteVoter{C})), OutcomeCode::Ok);
  int asked = 0;
  cluster.network().seen = [&](const Message& m) {
    asked += m.from == C && std::holds_alternative<PreVoteRequest>(m.body) ? 1 : 0;
  };
  cluster.network().filter = [](const Message& m) {
    return m.to != C ||
           !(std::holds_alternative<AppendRequest>(m.body) || std::holds_alternative<SnapshotChunk>(m.body) ||
             std::holds_alternative<Heartbeat>(m.body));
  };
  cluster.heal();
  cluster.runFor(100 * timeout);
  EXPECT_GT(asked, 20) << "it takes itself for a voter";
  EXPECT_EQ(cluster.leader(), A);
  EXPECT_EQ(cluster.highestTerm(), before);

  cluster.network().filter = nullptr;
  cluster.expectConverged();
  ASSERT_EQ(cluster.node(C).status().role, Role::Learner);
  cluster.isolate(C);
  asked = 0;
  cluster.runFor(100 * timeout);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(cluster.node(C).status().role, Role::Learner);
}

}  // namespace
}  // namespace clusterkit::raft::test
