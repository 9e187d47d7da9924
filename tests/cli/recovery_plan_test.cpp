// What `clusterkit recover` decides from what a survivor holds.
#include "cli/recovery_plan.hpp"

#include <gmock/gmock.h>

#include "cluster/cluster_generation.hpp"
#include "cluster/command_codec.hpp"
#include "cluster/state_fixture.hpp"

namespace clusterkit::cli {
namespace {

class RecoveryPlanOf : public StateFixture {
 protected:
  void SetUp() override {
    ClusterFacts facts = clusterFacts();
    facts.id = foundingId(0x1122334400000001);
    create(std::move(facts));
    addActive(2);
    addActive(3);
  }
  Survivor survivor() const {
    Survivor out;
    out.image.term = 4;
    out.image.commit = 7;
    out.image.first = LogIndex(1);
    out.image.last = LogIndex(9);
    out.image.highWater = LogIndex(9);
    out.identity = Identity{MemberId(2), state().facts->id, 5, "node-2"};
    out.state = state();
    return out;
  }
  static RecoveryPlan plan(const Survivor& survivor) {
    return planRecovery(survivor, 0xabcd, WallTime(std::chrono::seconds(1'800'000'000)));
  }
};

TEST_F(RecoveryPlanOf, AMemberMakesItTheWholeClusterInTheNextGeneration) {
  const RecoveryPlan made = plan(survivor());
  EXPECT_EQ(made.identity.cluster, ClusterId(0x112233440002abcd));
  EXPECT_EQ(made.identity.member, MemberId(2)) << "the folder stays who it is";
  EXPECT_EQ(made.identity.boot, 5u);
  EXPECT_THAT(made.dropped, testing::ElementsAre("node-1 at 10.0.0.1:8080", "node-3 at 10.0.0.3:8080"));
  const auto decoded = decodeCommand(made.command);
  const auto& command = std::get<Command>(decoded);
  EXPECT_TRUE(run(command.body).applied()) << "the state takes the command";
  EXPECT_EQ(state().facts->id, made.identity.cluster);
  EXPECT_EQ(state().nodes.size(), 1u);
}

TEST_F(RecoveryPlanOf, ItTellsWhatIsUnsettledAndWhatIsLost) {
  Survivor whole = survivor();
  EXPECT_EQ(plan(whole).unsettled, 2u);
  EXPECT_EQ(plan(whole).lost, 0u);
  Survivor repairing = survivor();
  repairing.image.last = LogIndex(6);
  EXPECT_EQ(plan(repairing).unsettled, 0u);
  EXPECT_EQ(plan(repairing).lost, 3u);
  Survivor compacted = survivor();
  compacted.image.first = compacted.image.last = LogIndex();
  compacted.image.snapshot.index = LogIndex(9);
  EXPECT_EQ(plan(compacted).last, LogIndex(9));
  EXPECT_EQ(plan(compacted).unsettled, 0u);
}

TEST_F(RecoveryPlanOf, WhoCannotSpeakForTheClusterIsRefused) {
  Survivor fresh = survivor();
  fresh.identity.reset();
  EXPECT_THROW(plan(fresh), NothingToRecover);
  Survivor empty = survivor();
  empty.state = ClusterState();
  EXPECT_THROW(plan(empty), NothingToRecover);
  Survivor stranger = survivor();
  stranger.identity->member = MemberId(9);
  EXPECT_THROW(plan(stranger), NothingToRecover);
}

// Somebody recovered the wrong node.
TEST_F(RecoveryPlanOf, AFolderThatWasLeftBehindGoesOnAfterTheGenerationThatDidSo) {
  Survivor leftBehind = survivor();
  leftBehind.identity->supersededBy = ClusterId(0x112233440007ffff);
  const RecoveryPlan made = plan(leftBehind);
  EXPECT_EQ(generationOf(made.identity.cluster), 8u);
  EXPECT_FALSE(made.identity.supersededBy);
}

// A sole node of a cluster that another one has gone on with.
class RecoveryOfASoleNode : public RecoveryPlanOf {
 protected:
  void SetUp() override {
    ClusterFacts facts = clusterFacts();
    facts.id = foundingId(0x1122334400000001);
    create(std::move(facts));
  }
  Survivor sole() const {
    Survivor out = survivor();
    out.identity = Identity{MemberId(1), state().facts->id, 5, "node-1"};
    return out;
  }
};

TEST_F(RecoveryOfASoleNode, IsNotNeededWhileItIsTheWholeCluster) {
  EXPECT_TRUE(isWholeCluster(sole(), plan(sole()), 1));
  EXPECT_FALSE(isWholeCluster(sole(), plan(sole()), 3)) << "the others still have a vote";
  Survivor repairing = sole();
  repairing.image.flags = CK_STORE_REPAIRING;
  EXPECT_FALSE(isWholeCluster(repairing, plan(repairing), 1));
}

TEST_F(RecoveryOfASoleNode, IsNeededAndGoesOnWhenItWasLeftBehind) {
  Survivor leftBehind = sole();
  leftBehind.identity->supersededBy = ClusterId(0x112233440007ffff);
  const RecoveryPlan made = plan(leftBehind);
  EXPECT_THAT(made.dropped, testing::IsEmpty());
  EXPECT_FALSE(isWholeCluster(leftBehind, made, 1)) << "it would start and take no part";

  EXPECT_EQ(generationOf(made.identity.cluster), 8u);
  EXPECT_FALSE(made.identity.supersededBy);
  const auto decoded = decodeCommand(made.command);
  EXPECT_TRUE(run(std::get<Command>(decoded).body).applied()) << "the state takes the command";
  EXPECT_EQ(state().facts->id, made.identity.cluster);
  // And from then on it needs no other one.
  Survivor recovered = sole();
  recovered.identity = made.identity;
  EXPECT_TRUE(isWholeCluster(recovered, plan(recovered), 1));
}

TEST_F(RecoveryPlanOf, IsNeededWhileOthersAreMembers) {
  EXPECT_FALSE(isWholeCluster(survivor(), plan(survivor()), 1));
}

}  // namespace
}  // namespace clusterkit::cli
