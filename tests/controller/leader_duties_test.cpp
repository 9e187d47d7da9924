// Requests that the leader turns into commands of its own, with an Idempotency-Key: done once, also when
// another leader hears the repetition.
#include "controller/leader_duties.hpp"

#include <gtest/gtest.h>

#include "cluster/scripted_cluster.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using Answer = std::shared_ptr<std::optional<Result<proto::DutyResult>>>;

NodeSpec specOf(std::uint64_t number, std::uint64_t member) {
  NodeSpec spec;
  spec.id = "node-" + std::to_string(number);
  spec.member = MemberId(member);
  spec.boot = 1;
  spec.httpAddress = "10.0.0." + std::to_string(member) + ":8080";
  spec.transportAddress = "10.0.0." + std::to_string(member) + ":9080";
  return spec;
}

class Duties : public testing::Test {
 protected:
  // Nothing happens by itself: no health checks, no rebalance but by hand.
  static DutySettings quiet() {
    DutySettings settings;
    settings.healthEnabled = false;
    settings.rebalanceDelay = settings.rebalanceGrace = 24h;
    return settings;
  }

  void SetUp() override {
    for (const std::uint64_t member : {1, 2}) {
      ScriptedNode& node = cluster_.start(member);
      duties_[member] = std::make_unique<LeaderDuties>(
          LeaderDuties::Parts{node.loop, node.log, node.coordinator, node.stack->transport(),
                              node.stack->consensus()},
          quiet(), LeaderDuties::Founding{});
    }
    cluster_.found();
    apply(AddNode{specOf(2, 2), {}});
    apply(activate(2));
    const Member members[] = {{{MemberId(1), "a", ""}, MemberKind::Voter},
                              {{MemberId(2), "b", ""}, MemberKind::Learner}};
    for (auto& [member, duties] : duties_) cluster_.node(member).coordinator.members(members, LogIndex(1));
    elect(1, 2);
  }
  void elect(std::uint64_t leader, std::uint64_t epoch) {
    cluster_.lead(leader, epoch);
    cluster_.runFor(100ms);  // the announcement is committed
    leader_ = leader;
  }

  static SetNodeStatus activate(std::uint64_t member) {
    return {MemberId(member), 0, NodeStatus::Active, {}, {}, Epoch()};
  }
  void apply(CommandBody body) {
    const auto fate = cluster_.propose(1, std::move(body));
    ASSERT_TRUE(cluster_.runUntil([&] { return fate->has_value(); }));
    ASSERT_TRUE((*fate)->outcome.applied()) << (*fate)->outcome.message << (*fate)->text;
  }
  Answer handle(proto::Duty duty) {
    auto answer = std::make_shared<std::optional<Result<proto::DutyResult>>>();
    duties_.at(leader_)->handle(
        duty, cluster_.node(leader_).loop.now() + 10s,
        [answer](Result<proto::DutyResult> result) { answer->emplace(std::move(result)); });
    return answer;
  }
  Answer rebalance(const std::string& key) {
    proto::Duty duty;
    duty.mutable_rebalance()->set_idempotency_key(key);
    return handle(std::move(duty));
  }
  Answer remove(const std::string& node, const std::string& key) {
    proto::Duty duty;
    duty.mutable_remove()->set_node(node);
    duty.mutable_remove()->set_consent(static_cast<std::uint32_t>(RemoveNode::Consent::KeepLastCopies));
    duty.mutable_remove()->set_idempotency_key(key);
    return handle(std::move(duty));
  }
  // The index of the command that carried it out; 0 and the reason when it was not.
  std::uint64_t indexOf(const Answer& answer) {
    if (!cluster_.runUntil([&] { return answer->has_value(); })) ADD_FAILURE() << "never answered";
    reason_ = *answer && !**answer ? (*answer)->failure().text : "";
    if (!*answer || !**answer) return 0;
    reason_ = (*answer)->value().outcome_message();
    return reason_.empty() ? (*answer)->value().index() : 0;
  }
  const ClusterState& state() { return cluster_.node(leader_).coordinator.current(); }
  // All primaries on node 1, so that there is something to move again.
  void unbalance() {
    std::vector<OwnerChange> changes;
    for (std::uint32_t p = 0; p < 4; ++p)
      if (state().partitions->primaryOf(PartitionId(p)) != MemberId(1))
        changes.push_back({PartitionId(p), {MemberId(1), MemberId(2)}});
    ASSERT_FALSE(changes.empty());
    apply(PromoteReplicas{state().mapEpoch(), changes});
  }

  ScriptedCluster cluster_;
  std::map<std::uint64_t, std::unique_ptr<LeaderDuties>> duties_;
  std::uint64_t leader_ = 1;
  std::string reason_;
};

TEST_F(Duties, ARepeatedRebalanceIsStartedOnceAndGetsTheFirstPlan) {
  const std::uint64_t plan = indexOf(rebalance("r-1"));
  ASSERT_NE(plan, 0U) << reason_;
  ASSERT_TRUE(cluster_.runUntil([&] { return !state().rebalance; }));
  unbalance();
  EXPECT_EQ(indexOf(rebalance("r-1")), plan) << reason_;
  elect(2, 3);
  EXPECT_EQ(indexOf(rebalance("r-1")), plan) << "another leader knows it too: " << reason_;
  EXPECT_EQ(state().lastRebalance->rebalance.plan.value, plan) << "nothing was started meanwhile";
  EXPECT_GT(indexOf(rebalance("r-2")), plan) << "another key is another request";
}

TEST_F(Duties, ARepetitionWhileTheFirstIsUnderWayWaitsForItsResult) {
  const Answer first = rebalance("r-1");
  const Answer again = rebalance("r-1");
  const Answer other = rebalance("r-2");
  const std::uint64_t plan = indexOf(first);
  EXPECT_NE(plan, 0U);
  EXPECT_EQ(indexOf(again), plan);
  EXPECT_EQ(indexOf(other), 0U);
  EXPECT_EQ(reason_, "a rebalance by hand is being planned");
}

TEST_F(Duties, ARepeatedRemovalGetsTheFirstAnswerAndTakesNobodyElse) {
  ASSERT_NE(indexOf(remove("node-2", "d-1")), 0U) << reason_;
  const std::uint64_t removed = indexOf(remove("node-2", "d-1"));
  EXPECT_NE(removed, 0U) << "the node is gone, as it should be: " << reason_;
  apply(AddNode{specOf(2, 22), {}});  // the same id with a new data folder
  EXPECT_EQ(indexOf(remove("node-2", "d-1")), removed) << reason_;
  EXPECT_NE(state().findNode(MemberId(22)), nullptr);
  EXPECT_EQ(indexOf(remove("node-1", "d-1")), 0U);
  EXPECT_EQ(reason_, "this idempotency key was used with another request");
}

// Found by the fuzzer: the leader logged the word as it came, and no node could go on past that entry.
TEST_F(Duties, AConsentThatThisVersionDoesNotKnowIsRefusedBeforeItIsLogged) {
  const std::size_t logged = cluster_.log().size();
  for (const std::uint32_t word : {0u, 3u, 258u}) {
    proto::Duty duty;
    duty.mutable_remove()->set_node("node-2");
    duty.mutable_remove()->set_consent(word);
    EXPECT_EQ(indexOf(handle(std::move(duty))), 0U);
    EXPECT_EQ(reason_, "the removal has a consent that this version does not know");
  }
  EXPECT_EQ(cluster_.log().size(), logged);
  EXPECT_NE(state().findNode(MemberId(2)), nullptr);
}

}  // namespace
}  // namespace clusterkit::test
