// Changes of the membership across leaders, and the joint way: scenarios 69, 71, 73 and 79.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

// The case of Ongaro's message to raft-dev of 2015: two leaders of different terms each change one member,
// and without the rule about the own term the two configurations have disjoint majorities. E and F are
// learners.
void runRivalChanges(std::uint64_t seed, const MemberChange& ofA, const MemberChange& ofB) {
  SimCluster cluster(seed, {A, B, C, D});
  cluster.elect(A);
  cluster.join(E);
  cluster.join(F);
  cluster.expectConverged();

  cluster.split({A, E}, {B, C, D, F});
  const Handle first = cluster.change(A, ofA);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(E).status().lastIndex > at(4); }));
  cluster.network().filter = [](const Message& m) {
    return m.from == B || !std::holds_alternative<PreVoteRequest>(m.body);
  };
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(B).status().role == Role::Leader; }));
  const Handle tooEarly = cluster.change(B, ofB);
  ASSERT_TRUE(cluster.hasEnded(tooEarly));
  EXPECT_EQ(cluster.outcome(tooEarly)->code, OutcomeCode::Conflict) << "no entry of its term is committed";
  const Term ofBsTerm = cluster.node(B).status().term;
  ASSERT_TRUE(cluster.runUntil([&] {
    const Raft& raft = cluster.node(B).raft();
    return raft.log().termAt(raft.status().commitIndex) == ofBsTerm;
  })) << cluster.describe();

  cluster.split({A, D, E}, {B, C, F});
  const Handle second = cluster.change(B, ofB);
  cluster.runFor(timeout / 2);
  const bool committed = cluster.isOk(second);
  cluster.network().filter = nullptr;
  cluster.runUntil([&] { return cluster.node(A).status().role == Role::Leader; }, 20 * timeout);
  EXPECT_NE(cluster.node(A).status().role, Role::Leader) << "D holds an entry of B's term and refuses";
  EXPECT_EQ(cluster.node(D).raft().log().lastTerm(), ofBsTerm);

  cluster.heal();
  cluster.expectConverged();
  EXPECT_FALSE(cluster.isOk(first)) << "A's change was not committed by anyone";
  const Configuration present = cluster.node(cluster.leader()).raft().configuration();
  if (!committed) return;
  const Configuration wanted = *clusterkit::raft::apply(configurationOf({A, B, C, D}, {E, F}), ofB);
  EXPECT_EQ(present, wanted) << "a committed configuration was overwritten";
}

TEST(Reconfiguration, S069_ChangesOfLeadersOfDifferentTermsNeverSplitTheCluster) {
  const std::vector<MemberChange> ofA = {PromoteLearner{E}, RemoveMember{D}, RemoveMember{B}};
  const std::vector<MemberChange> ofB = {RemoveMember{A}, PromoteLearner{F}, RemoveMember{C}};
  std::uint64_t seed = 0;
  for (const MemberChange& a : ofA) {
    for (const MemberChange& b : ofB) {
      SCOPED_TRACE("A's change " + std::to_string(a.index()) + ", B's " + std::to_string(b.index()));
      for (int i = 0; i < 5; ++i) runRivalChanges(++seed, a, b);
      if (HasFailure()) return;
    }
  }
}

// Found by the simulation: B and C cannot win without A, whose log is longer, and A took its own word for its
// removal.
TEST(Reconfiguration, S078_WhoHasAppendedItsOwnRemovalCampaignsUntilThatIsCommitted) {
  SimCluster cluster(78, {A, B, C, D});
  cluster.elect(A);
  cluster.expectConverged();
  cluster.crash(D);
  cluster.isolate(A);
  cluster.change(A, RemoveMember{A});
  ASSERT_TRUE(cluster.runUntil([&] {
    const Status status = cluster.node(A).status();
    return status.lastIndex == status.configurationIndex && status.durableIndex == status.lastIndex;
  }));
  cluster.crash(A);
  cluster.heal();
  cluster.restart(A);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(A).raft().role() == Role::Removed; }, 20 * timeout))
      << cluster.describe();
  const MemberId leader = cluster.awaitLeader();
  EXPECT_TRUE(leader == B || leader == C);
}

TEST(Reconfiguration, S071_NewLeaderThatHasTheChangeCompletesIt) {
  SimCluster cluster(71, {A, B, C});
  cluster.elect(A);
  cluster.join(D);
  cluster.expectConverged();
  cluster.network().cut(A, C);
  cluster.network().cut(A, D);
  const Handle change = cluster.change(A, PromoteLearner{D});
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(B).raft().configuration().isVoter(D); }));
  ASSERT_FALSE(cluster.hasEnded(change)) << "A and B are no majority of four";
  cluster.crash(A);
  EXPECT_EQ(cluster.awaitLeader(), B) << "only B has the newest log";
  cluster.expectConverged();
  EXPECT_TRUE(cluster.node(C).raft().configuration().isVoter(D));
}

TEST(Reconfiguration, S071_ChangeThatTheNewLeaderDoesNotHaveIsTakenBack) {
  SimCluster cluster(171, {A, B, C});
  cluster.elect(A);
  cluster.join(D);
  cluster.expectConverged();
  cluster.isolate(A);
  const Handle change = cluster.change(A, PromoteLearner{D});
  EXPECT_TRUE(cluster.node(A).raft().configuration().isVoter(D)) << "in force when appended";
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != A; }));
  EXPECT_EQ(cluster.await(change), OutcomeCode::Unknown);
  cluster.heal();
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(A).raft().configuration(), configurationOf({A, B, C}, {D}));
}

TEST(Reconfiguration, S073_RestartedNodeOperatesUnderAnUncommittedChange) {
  InitialState state = stateOf(A, configurationOf({A, B, C}), {1}, {term(1), {}, at(2)});
  state.entries.push_back(Entry{at(3), term(1), shared(configurationOf({A, B, C, D, E}))});
  SoloNode node(state);
  EXPECT_EQ(node.status().configurationIndex, at(3));
  node.timeOut();
  for (MemberId id : {B, C, D, E}) EXPECT_EQ(node.all<PreVoteRequest>(id).size(), 1u);
  node.receive(B, term(1), PreVoteReply{term(2), true});
  EXPECT_EQ(node.status().role, Role::PreCandidate) << "two of five are no majority, though two of three are";
  node.receive(D, term(1), PreVoteReply{term(2), true});
  EXPECT_EQ(node.status().role, Role::Candidate);
}

// {A, B, C} to {C, D, E}, with D and E caught up as learners.
class Joint : public ::testing::Test {
 protected:
  void begin(SimCluster& cluster) {
    cluster.elect(A);
    cluster.join(D);
    cluster.join(E);
    cluster.expectConverged();
  }
  static ReplaceMembers target() { return ReplaceMembers{{member(C), member(D), member(E)}}; }
};

TEST_F(Joint, S079_NeedsAMajorityOfEachHalf) {
  const std::vector<std::vector<MemberId>> halves = {{B, C}, {D, E}};
  for (const auto& missing : halves) {
    SimCluster cluster(79, {A, B, C});
    begin(cluster);
    for (MemberId id : missing) cluster.isolate(id);
    const Handle change = cluster.change(A, target());
    const Handle write = cluster.propose(A, "x");
    cluster.runFor(timeout / 2);
    EXPECT_FALSE(cluster.hasEnded(change));
    EXPECT_FALSE(cluster.hasEnded(write)) << "committed by one half";
    cluster.heal();
    EXPECT_EQ(cluster.await(change), OutcomeCode::Ok);
    EXPECT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    if (HasFailure()) FAIL() << "without member " << missing.front().value;
  }
}

TEST_F(Joint, S079_LeadershipGoesToTheNewHalfAndTheOldMembersAreToldTheyAreOut) {
  SimCluster cluster(179, {A, B, C});
  begin(cluster);
  EXPECT_EQ(cluster.await(cluster.change(A, target())), OutcomeCode::Ok) << "ends with the joint phase";
  const MemberId leader = cluster.awaitLeader();
  EXPECT_TRUE(leader == C || leader == D || leader == E);
  EXPECT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  const Configuration present = cluster.node(leader).raft().configuration();
  EXPECT_FALSE(present.isJoint());
  EXPECT_EQ(present.voters(), (std::vector<MemberId>{C, D, E}));
  for (MemberId id : {A, B}) EXPECT_EQ(cluster.node(id).status().role, Role::Removed);
}

TEST_F(Joint, S079_EndsByItselfWhateverMinorityOfEachHalfDiesAndWhenever) {
  const std::vector<std::vector<MemberId>> minorities = {{C}, {A, D}, {A, E}, {B, D}, {B, E}};
  for (const auto& victims : minorities) {
    for (Duration when = 0ms; when <= 24ms; when += 2ms) {
      for (const bool partition : {false, true}) {
        SimCluster cluster(static_cast<std::uint64_t>(279 + when / 1ms), {A, B, C});
        begin(cluster);
        const Handle change = cluster.change(A, target());
        cluster.runFor(when);
        for (MemberId id : victims) partition ? cluster.isolate(id) : cluster.crash(id);
        EXPECT_TRUE(cluster.commitSomething()) << "two of each half are left\n" << cluster.describe();
        for (MemberId id : victims) partition ? cluster.heal() : cluster.restart(id);
        ASSERT_TRUE(cluster.commitSomething());
        cluster.expectConverged();
        const Configuration present = cluster.node(cluster.leader()).raft().configuration();
        EXPECT_FALSE(present.isJoint()) << "stuck in the joint phase";
        const bool done = present.voters() == std::vector<MemberId>{C, D, E};
        EXPECT_TRUE(done || present == configurationOf({A, B, C}, {D, E})) << cluster.describe();
        EXPECT_TRUE(done || !cluster.isOk(change)) << "said to be done, and taken back";
        if (HasFailure()) FAIL() << "member " << victims.front().value << " after " << when / 1ms << " ms";
      }
    }
  }
}

TEST_F(Joint, S079_LeaderThatBecomesALearnerHandsOver) {
  SimCluster cluster(379, {A, B, C});
  begin(cluster);
  const ReplaceMembers others{{member(A, MemberKind::Learner), member(B), member(C), member(D)}};
  EXPECT_EQ(cluster.await(cluster.change(A, others)), OutcomeCode::Ok);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != A; }, 2 * timeout));
  EXPECT_EQ(cluster.node(A).status().role, Role::Learner);
  EXPECT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
