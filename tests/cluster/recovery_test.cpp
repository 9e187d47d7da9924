// A cluster that lost its majority goes on with one survivor in a new generation: what the replicated state
// makes of it.
#include "cluster/cluster_generation.hpp"
#include "state_fixture.hpp"

namespace clusterkit {
namespace {

TEST(ClusterGeneration, AnIdNamesTheClusterAndItsGeneration) {
  const ClusterId first = foundingId(0x1122334455667788);
  EXPECT_EQ(first, ClusterId(0x1122334400017788));
  EXPECT_EQ(generationOf(first), 1u);
  const ClusterId second = nextGeneration(first, 0xabcd).value();
  EXPECT_EQ(second, ClusterId(0x112233440002abcd));
  EXPECT_TRUE(supersedes(second, first));
  EXPECT_FALSE(supersedes(first, second));
  EXPECT_FALSE(supersedes(first, first));
}

TEST(ClusterGeneration, TwoSurvivorsOfOneClusterAreTwoClusters) {
  const ClusterId first = foundingId(1);
  const ClusterId one = nextGeneration(first, 7).value(), other = nextGeneration(first, 8).value();
  EXPECT_NE(one, other);
  EXPECT_FALSE(supersedes(one, other));
  EXPECT_FALSE(supersedes(other, one));
}

TEST(ClusterGeneration, AnotherClusterSupersedesNothing) {
  EXPECT_FALSE(supersedes(ClusterId(0x1122334500020000), ClusterId(0x1122334400010000)));
  EXPECT_FALSE(supersedes(ClusterId(0x2), ClusterId()));
}

TEST(ClusterGeneration, TheLastGenerationHasNoNext) {
  EXPECT_FALSE(nextGeneration(ClusterId(0x11223344ffff0000), 1));
}

class Recovery : public StateFixture {
 protected:
  static constexpr ClusterId kFirst{0x1122334400010001}, kSecond{0x1122334400020002};

  void SetUp() override {
    ClusterFacts facts = clusterFacts();
    facts.id = kFirst;
    create(std::move(facts));
    addActive(2);
    addActive(3);
    assign({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({2, 3})}});
  }
  static RecoverCluster recover(std::uint64_t survivor) { return {kFirst, kSecond, MemberId(survivor)}; }
};

TEST_F(Recovery, OnlyTheSurvivorIsLeftAndTheOthersAreGoneForGood) {
  ASSERT_TRUE(run(recover(1)).applied());
  EXPECT_EQ(state().facts->id, kSecond);
  EXPECT_EQ(state().nodes.size(), 1u);
  EXPECT_EQ(ownersOf(0), owners({1})) << "its copy is the primary now";
  EXPECT_EQ(ownersOf(1), Owners()) << "nobody is left that holds it";
  ASSERT_EQ(eventsOf<NodeLeave>().size(), 2u);
  EXPECT_EQ(eventsOf<NodeLeave>()[0].reason, LeaveReason::RemovedByAdmin);
  EXPECT_EQ(run(RejoinNode{nodeSpec(2, 9), {}}).code, OutcomeCode::MemberRemoved) << "its old folder";
  NodeSpec wiped = nodeSpec(2);
  wiped.member = MemberId(22);
  EXPECT_TRUE(run(AddNode{wiped, {}}).applied());
  EXPECT_EQ(eventTypes().front(), "node_rejoin");
}

TEST_F(Recovery, ASurvivorThatTheOthersHadGivenUpIsKept) {
  ASSERT_TRUE(run(status(1, NodeStatus::Down)).applied());
  ASSERT_TRUE(run(recover(1)).applied());
  EXPECT_EQ(node(1).status, NodeStatus::Down);
  EXPECT_TRUE(run(RejoinNode{nodeSpec(1, 2), {}}).applied());
  EXPECT_EQ(node(1).status, NodeStatus::Active);
}

TEST_F(Recovery, ItIsRefusedForAnotherGenerationAndForAStranger) {
  EXPECT_FALSE(run(RecoverCluster{kSecond, ClusterId(0x1122334400030000), MemberId(1)}).applied());
  EXPECT_FALSE(run(RecoverCluster{kFirst, kFirst, MemberId(1)}).applied());
  EXPECT_FALSE(run(recover(9)).applied());
  EXPECT_EQ(state().nodes.size(), 3u);
  ASSERT_TRUE(run(recover(1)).applied());
  EXPECT_FALSE(run(recover(1)).applied()) << "twice";
}

TEST_F(Recovery, EventsKeepTheirIdsAndLaterOnesHaveTheNewGenerationsAlsoAfterASnapshot) {
  const EventSeq before{state().nextEvent.value - 1};
  ASSERT_TRUE(run(recover(1)).applied());
  const EventSeq after{state().nextEvent.value - 1};
  const auto expectIds = [&](const ClusterState& s) {
    EXPECT_EQ((*s.events.find(before))->id, eventId(kFirst, before));
    EXPECT_EQ((*s.events.find(after))->id, eventId(kSecond, after));
  };
  expectIds(state());
  const auto read = readSnapshot(writeSnapshot(state()));
  ASSERT_TRUE(std::holds_alternative<ClusterState>(read));
  const auto& restored = std::get<ClusterState>(read);
  expectIds(restored);
  EXPECT_EQ(stateHash(restored), stateHash(state()));
  EXPECT_EQ(restored.facts->earlier, (std::vector<EarlierGeneration>{{kFirst, EventSeq(before.value + 1)}}));
}

}  // namespace
}  // namespace clusterkit
