// Elections and terms, one node at a time: scenarios 1 to 13, and 40.
#include <gtest/gtest.h>

#include <algorithm>

#include "invariant.hpp"
#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

HardState voted(std::uint64_t inTerm, MemberId candidate) { return HardState{term(inTerm), candidate, {}}; }

TEST(Election, S001_FreshNodeIsAQuietLearner) {
  InitialState empty;
  empty.cluster = theCluster;
  empty.self = A;
  SoloNode node(empty);
  EXPECT_EQ(node.status().term, term(0));
  EXPECT_EQ(node.status().votedFor, MemberId{});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(node.status().role, Role::Learner) << "no configuration that it knows gives it a vote";
    node.wait(300ms);
  }
  EXPECT_TRUE(node.sent().empty()) << "without a configuration it never campaigns";
  EXPECT_EQ(node.batches(), 0u);
}

TEST(Election, S001_FollowerIsQuietBeforeItsTimeout) {
  SoloNode node(stateOf(A, abc, {}));
  node.wait(299ms);
  EXPECT_TRUE(node.sent().empty());
  EXPECT_EQ(node.status().role, Role::Follower);
}

TEST(Election, S002_NewerTermIsDurableBeforeTheReplyAndClearsTheVote) {
  SoloNode node(stateOf(A, abc, {}, voted(3, B)), SoloNode::Disk::Held);
  node.receive(C, term(5), VoteRequest{at(0), term(0)});
  EXPECT_EQ(node.status().term, term(5));
  EXPECT_EQ(node.status().votedFor, MemberId{});
  EXPECT_EQ(node.last().hardState->term, term(5));
  EXPECT_EQ(node.last().sync, SyncNeed::Now);
  EXPECT_TRUE(node.sent().empty()) << "the reply left before the term was durable";
  node.persist();
  ASSERT_TRUE(node.newest<VoteReply>(C).has_value());
  EXPECT_FALSE(node.newest<VoteReply>(C)->granted) << "its log is behind";
}

TEST(Election, S003_OlderTermChangesNothingAndIsAnsweredWithOurs) {
  SoloNode node(stateOf(A, abc, {1, 1}, voted(5, MemberId{})));
  node.receive(B, term(4), AppendRequest{at(1), term(1), entries(2, {4}), at(9)});
  node.receive(B, term(4), VoteRequest{at(99), term(4)});
  EXPECT_EQ(node.raft().log().lastTerm(), term(1)) << "an old leader cut the log";
  EXPECT_EQ(node.status().commitIndex, at(0));
  EXPECT_EQ(node.batches(), 0u);
  ASSERT_EQ(node.sent().size(), 2u);
  for (const Message& m : node.sent()) EXPECT_EQ(m.term, term(5));
}

TEST(Election, S004_CandidateFollowsTheLeaderOfItsOwnTerm) {
  SoloNode node(stateOf(A, configurationOf({A, B, C, D}), {}, voted(6, MemberId{})));
  node.timeOut();
  for (MemberId id : {B, C}) node.receive(id, term(6), PreVoteReply{term(7), true});
  ASSERT_EQ(node.status().role, Role::Candidate);
  node.receive(E, term(7), AppendRequest{at(1), term(1), {}, at(1)}, at(9));  // a member it does not know yet
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.status().leader, E);
  EXPECT_EQ(node.status().term, term(7));
}

TEST(Election, S005_RepeatedRequestOfTheSameCandidateIsGrantedAgain) {
  SoloNode node(stateOf(A, abc, {}, voted(4, B)));
  node.receive(B, term(4), VoteRequest{at(1), term(1)});
  node.receive(B, term(4), VoteRequest{at(1), term(1)});
  ASSERT_EQ(node.all<VoteReply>(B).size(), 2u);
  for (const VoteReply& reply : node.all<VoteReply>(B)) EXPECT_TRUE(reply.granted);
  EXPECT_EQ(node.batches(), 0u) << "the record was already there";
}

TEST(Election, S006_SecondCandidateOfATermIsRefused) {
  SoloNode node(stateOf(A, abc, {}, voted(4, B)));
  node.receive(C, term(4), VoteRequest{at(100), term(4)});
  EXPECT_FALSE(node.newest<VoteReply>(C)->granted);
  EXPECT_EQ(node.status().votedFor, B);
}

TEST(Election, S007_AdoptingATermIsNotVoting) {
  SoloNode node(stateOf(A, abc, {3, 3}, voted(3, MemberId{})));
  node.lead({B});
  ASSERT_EQ(node.status().term, term(4));
  node.receive(C, term(5), HeartbeatReply{});
  EXPECT_EQ(node.status().term, term(5));
  EXPECT_EQ(node.status().votedFor, MemberId{});
  node.receive(C, term(5), VoteRequest{at(2), term(1)});
  EXPECT_FALSE(node.newest<VoteReply>(C)->granted);
}

TEST(Election, S008_TwoLeadersInOneTermStopTheNode) {
  SoloNode node(stateOf(A, abc, {}, voted(3, MemberId{})));
  node.lead({B});
  try {
    node.receive(B, term(4), AppendRequest{at(1), term(1), {}, at(1)});
    FAIL() << "a second leader went unnoticed";
  } catch (const InvariantBroken& broken) {
    EXPECT_STREQ(broken.name(), "OneLeaderPerTerm");
  }
  EXPECT_THROW(node.wait(1ms), InvariantBroken) << "the object must not go on";
}

TEST(Election, S009_VotesOnlyForALogThatIsAtLeastAsGood) {
  const auto grants = [](std::uint64_t lastIndex, std::uint64_t lastTerm) {
    SoloNode node(stateOf(A, abc, {3, 3, 3, 3, 3, 3, 3, 3, 3}, voted(4, MemberId{})));  // ends in 10:3
    node.receive(B, term(5), VoteRequest{at(lastIndex), term(lastTerm)});
    return node.newest<VoteReply>(B)->granted;
  };
  EXPECT_FALSE(grants(11, 2));
  EXPECT_TRUE(grants(10, 3));
  EXPECT_TRUE(grants(9, 4));
  EXPECT_FALSE(grants(9, 3));
}

// All stand still until the last of their timers is over, so that all ask at the same moment.
TEST(Election, S010_FiveNodesThatTimeOutTogetherElectOneSoon) {
  constexpr std::uint64_t seeds = 2500;
  std::vector<std::uint64_t> rounds;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SimCluster cluster(seed, {A, B, C, D, E});
    for (MemberId id : cluster.members()) cluster.pause(id);
    cluster.runFor(2 * testOptions().electionTimeout);
    for (MemberId id : cluster.members()) cluster.resume(id);
    for (MemberId id : cluster.members()) ASSERT_EQ(cluster.node(id).status().role, Role::PreCandidate);
    cluster.awaitLeader(6s);
    if (HasFailure()) FAIL() << "seed " << seed;
    rounds.push_back(cluster.highestTerm().value - 1);
  }
  std::nth_element(rounds.begin(), rounds.begin() + seeds / 2, rounds.end());
  EXPECT_LE(rounds[seeds / 2], 2u) << "the median election takes too many terms";
  EXPECT_LE(*std::max_element(rounds.begin(), rounds.end()), 10u);
}

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

TEST(Election, S012_PreVoteChangesNothing) {
  SoloNode node(stateOf(A, abc, {1}, voted(3, C)));
  const MonotonicTime deadline = node.raft().nextDeadline();
  node.receive(B, term(3), PreVoteRequest{at(2), term(1)});
  EXPECT_TRUE(node.newest<PreVoteReply>(B)->granted);
  EXPECT_EQ(node.newest<PreVoteReply>(B)->proposed, term(4));
  EXPECT_EQ(node.status().term, term(3));
  EXPECT_EQ(node.status().votedFor, C) << "the vote of this term is given";
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.raft().nextDeadline(), deadline);
  node.timeOut();
  ASSERT_EQ(node.status().role, Role::PreCandidate);
  EXPECT_EQ(node.status().term, term(3));
  EXPECT_EQ(node.status().votedFor, C) << "nor does asking take it back";
  EXPECT_EQ(node.batches(), 0u);
}

TEST(Election, S013_LatePreVoteRepliesAreNotVotes) {
  SoloNode node(stateOf(A, configurationOf({A, B, C, D, E}), {}, voted(5, MemberId{})));
  node.timeOut();
  for (MemberId id : {B, C}) node.receive(id, term(5), PreVoteReply{term(6), true});
  ASSERT_EQ(node.status().role, Role::Candidate);
  for (MemberId id : {D, E}) node.receive(id, term(5), PreVoteReply{term(6), true});
  EXPECT_EQ(node.status().role, Role::Candidate) << "a pre-vote made a leader";
}

TEST(Election, PromiseThatWaitedForTheDiskIsNotMadeInANewerTerm) {
  SoloNode node(stateOf(A, abc, {}, voted(3, MemberId{})), SoloNode::Disk::Held);
  node.receive(B, term(4), VoteRequest{at(1), term(1)});
  node.receive(C, term(5), VoteRequest{at(1), term(1)});
  node.persist();
  EXPECT_TRUE(node.all<VoteReply>(B).empty()) << "term 4 is over";
  ASSERT_TRUE(node.newest<VoteReply>(C).has_value());
  EXPECT_TRUE(node.newest<VoteReply>(C)->granted);
}

TEST(Election, AnswersThatWaitForTheDiskAreBounded) {
  SoloNode node(stateOf(A, abc, {}, voted(3, MemberId{})), SoloNode::Disk::Held);
  for (int i = 0; i < 5000; ++i) node.receive(B, term(4), VoteRequest{at(1), term(1)});
  node.persist();
  EXPECT_LE(node.all<VoteReply>(B).size(), 1024u);
  EXPECT_TRUE(node.newest<VoteReply>(B)->granted);
}

TEST(Election, S040_OwnLateVoteOfALostTermCountsForNothing) {
  SoloNode node(stateOf(A, abc, {}, voted(5, MemberId{})), SoloNode::Disk::Held);
  node.timeOut();
  node.receive(B, term(5), PreVoteReply{term(6), true});
  ASSERT_EQ(node.status().role, Role::Candidate);
  node.receive(C, term(7),
               VoteRequest{at(1), term(1)});  // the election is lost before its own vote is on disk
  node.persist();
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_TRUE(node.all<VoteRequest>().empty()) << "asked for votes of a term that is over";
  node.receive(B, term(6), VoteReply{true});
  EXPECT_EQ(node.status().role, Role::Follower);
}

}  // namespace
}  // namespace clusterkit::raft::test
