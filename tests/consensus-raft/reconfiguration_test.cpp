// Changes of the membership across leaders, and the joint way: scenarios 69, 71, 73 and 79.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

// The case of Ongaro's message to raft-dev of 2015: two leaders of different terms each change one member,
// and without the rule about the own term the two configurations have disjoint majorities. E and F are
// learners; D hears both leaders, one after the other.
class RivalChanges {
 public:
  RivalChanges(std::uint64_t seed, MemberChange ofA, MemberChange ofB)
      : cluster(seed, {A, B, C, D}), ofA_(std::move(ofA)), ofB_(std::move(ofB)) {}

  // A's change is on A and E; then B is elected by B, C and D, and commits the first entry of its term.
  void leadOneAfterTheOther() {
    cluster.elect(A);
    cluster.join(E);
    cluster.join(F);
    cluster.expectConverged();
    cluster.split({A, E}, {B, C, D, F});
    first_ = cluster.change(A, ofA_);
    const LogIndex change = cluster.node(A).status().configurationIndex;
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(E).status().configurationIndex == change; }));
    cluster.network().filter = onlyBCampaigns;
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(B).status().role == Role::Leader; }));
    const Handle tooEarly = cluster.change(B, ofB_);
    ASSERT_TRUE(cluster.hasEnded(tooEarly));
    EXPECT_EQ(cluster.outcome(tooEarly)->code, OutcomeCode::Conflict) << "no entry of its term is committed";
    ofBsTerm_ = cluster.node(B).status().term;
    EXPECT_EQ(cluster.awaitLeader(), B);
    ASSERT_EQ(cluster.node(D).raft().log().lastTerm(), ofBsTerm_) << "three of four have it, so D has";
    const Raft& ofB = cluster.node(B).raft();
    ASSERT_TRUE(cluster.runUntil([&] {
      return ofB.progressOf(F)->matchIndex == ofB.log().lastIndex() &&
             cluster.node(A).status().role != Role::Leader;
    })) << cluster.describe();
  }

  // Now B and C commit B's change, while A, which has lost its office, asks D for its vote: when B's change
  // is done, or as soon as it is begun.
  void changeOnBothSides(bool atOnce) {
    cluster.heal();
    cluster.split({A, D, E}, {B, C, F});
    watch();
    const Handle second = cluster.change(B, ofB_);
    if (atOnce) cluster.network().filter = nullptr;
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(second); }, timeout)) << cluster.describe();
    cluster.network().filter = nullptr;
    cluster.runUntil([&] { return cluster.node(A).status().role == Role::Leader; }, 20 * timeout);
    EXPECT_NE(cluster.node(A).status().role, Role::Leader);
    EXPECT_EQ(granted_, 0) << "D holds an entry of B's term, A does not";
    const auto* removal = std::get_if<RemoveMember>(&ofA_);
    const bool asksD = removal == nullptr || removal->member != D;
    EXPECT_EQ(refused_ > 0, asksD) << "D would have decided it";
    cluster.network().seen = nullptr;
  }

  void agree() {
    cluster.heal();
    cluster.expectConverged();
    EXPECT_FALSE(cluster.isOk(first_)) << "A's change was not committed by anyone";
    const Configuration wanted = *clusterkit::raft::apply(configurationOf({A, B, C, D}, {E, F}), ofB_);
    EXPECT_EQ(cluster.node(cluster.leader()).raft().configuration(), wanted)
        << "a committed configuration was overwritten";
  }

 private:
  static bool onlyBCampaigns(const Message& m) {
    return m.from == B || !std::holds_alternative<PreVoteRequest>(m.body);
  }

  // Counts what D answers to A when only their logs are left to decide: the term is a new one and D hears no
  // leader.
  void watch() {
    cluster.network().seen = [this](const Message& m) {
      const auto* reply = std::get_if<PreVoteReply>(&m.body);
      if (reply == nullptr || m.from != D || m.to != A) return;
      const Status status = cluster.node(D).status();
      if (reply->granted) ++granted_;
      if (!reply->granted && !status.leader && reply->proposed > status.term) ++refused_;
    };
  }

  SimCluster cluster;
  MemberChange ofA_, ofB_;
  Handle first_;
  Term ofBsTerm_;
  int refused_ = 0, granted_ = 0;
};

TEST(Reconfiguration, S069_ChangesOfLeadersOfDifferentTermsNeverSplitTheCluster) {
  // After each of B's, B and C are a majority; A with D and E is one of its own after all but one.
  const std::vector<MemberChange> ofA = {PromoteLearner{E}, RemoveMember{B}, RemoveMember{C},
                                         RemoveMember{D}};
  const std::vector<MemberChange> ofB = {RemoveMember{A}, PromoteLearner{F}, RemoveMember{D}};
  std::uint64_t seed = 0;
  for (const MemberChange& a : ofA) {
    for (const MemberChange& b : ofB) {
      for (int i = 0; i < 10; ++i) {
        SCOPED_TRACE("A's change " + std::to_string(&a - ofA.data()) + ", B's " +
                     std::to_string(&b - ofB.data()) + ", run " + std::to_string(i));
        RivalChanges rivals(++seed, a, b);
        rivals.leadOneAfterTheOther();
        if (!HasFailure()) rivals.changeOnBothSides(i % 2 == 0);
        if (!HasFailure()) rivals.agree();
        if (HasFailure()) return;
      }
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

class JointWithALossOnTheWay : public Joint {
 protected:
  // `victims` die or are cut off when the change has been under way for this time, and come back when all is
  // over.
  void loseAfter(Duration when, const std::vector<MemberId>& victims, bool partition) {
    SimCluster cluster(static_cast<std::uint64_t>(279 + when / 1ms), {A, B, C});
    begin(cluster);
    bool leftByAnother = false;
    cluster.network().seen = [&](const Message& m) { leftByAnother |= m.from != A && leavesJoint(m); };
    const Handle change = cluster.change(A, target());
    cluster.runFor(when);
    for (MemberId id : victims) partition ? cluster.isolate(id) : cluster.crash(id);
    EXPECT_TRUE(cluster.commitSomething()) << "two of each half are left\n" << cluster.describe();
    EXPECT_TRUE(cluster.runUntil([&] { return isSettled(cluster); }, 20 * timeout))
        << "stuck in the joint phase while a minority is away\n"
        << cluster.describe();
    endedByAnother += leftByAnother ? 1 : 0;
    for (MemberId id : victims) partition ? cluster.heal() : cluster.restart(id);
    ASSERT_TRUE(cluster.commitSomething());
    cluster.expectConverged();
    const Configuration present = cluster.node(cluster.leader()).raft().configuration();
    const bool done = present.voters() == std::vector<MemberId>{C, D, E};
    EXPECT_TRUE(done || present == configurationOf({A, B, C}, {D, E})) << cluster.describe();
    EXPECT_TRUE(done || !cluster.isOk(change)) << "said to be done, and taken back";
  }

  int endedByAnother = 0;

 private:
  static bool isSettled(SimCluster& cluster) {
    if (!cluster.leader()) return false;
    const Raft& raft = cluster.node(cluster.leader()).raft();
    return !raft.configuration().isJoint() && raft.status().configurationIndex <= raft.status().commitIndex;
  }
  // The sender leads this term and has itself appended the end of the joint phase.
  static bool leavesJoint(const Message& m) {
    const auto* append = std::get_if<AppendRequest>(&m.body);
    return append != nullptr &&
           std::any_of(append->entries.begin(), append->entries.end(), [&](const Entry& e) {
             return e.term == m.term && e.isConfiguration() && !e.configuration()->isJoint() &&
                    e.configuration()->voters() == std::vector<MemberId>{C, D, E};
           });
  }
};

TEST_F(JointWithALossOnTheWay, S079_EndsByItselfWhateverMinorityOfEachHalfDiesAndWhenever) {
  const std::vector<std::vector<MemberId>> minorities = {{C}, {A, D}, {A, E}, {B, D}, {B, E}};
  for (const auto& victims : minorities) {
    for (Duration when = 0ms; when <= 24ms; when += 2ms) {
      for (const bool partition : {false, true}) {
        loseAfter(when, victims, partition);
        if (HasFailure()) FAIL() << "member " << victims.front().value << " after " << when / 1ms << " ms";
      }
    }
  }
  EXPECT_GT(endedByAnother, 0) << "no leader ended what another one had begun";
}

TEST_F(Joint, S079_NobodyIsElectedByOneHalf) {
  const Configuration joint = *clusterkit::raft::apply(configurationOf({A, B, C}, {D, E}), target());
  ASSERT_TRUE(joint.isJoint());
  const std::vector<MemberId> outgoing = {A, B}, incoming = {D, E};
  for (const auto& [half, other] : {std::pair(outgoing, incoming), std::pair(incoming, outgoing)}) {
    SoloNode node(stateOf(C, joint, {}, {term(3), {}, {}}));
    node.timeOut();
    for (MemberId id : half) node.receive(id, term(3), PreVoteReply{term(4), true});
    EXPECT_EQ(node.status().role, Role::PreCandidate) << "all of one half, and itself alone of the other";
    node.receive(other.front(), term(3), PreVoteReply{term(4), true});
    ASSERT_EQ(node.status().role, Role::Candidate);
    for (MemberId id : half) node.receive(id, term(4), VoteReply{true});
    EXPECT_EQ(node.status().role, Role::Candidate) << "all of one half, and itself alone of the other";
    node.receive(other.front(), term(4), VoteReply{true});
    EXPECT_EQ(node.status().role, Role::Leader);
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
