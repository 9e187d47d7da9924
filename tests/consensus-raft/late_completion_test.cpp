// A node's own vote and its own write become durable when its term is over: scenario 40. The same for what
// others sent: election_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// A is a candidate of term 6, and its vote for itself is not on disk.
class LateOwnVote : public testing::Test {
 protected:
  void SetUp() override {
    campaign(6);
    lateVote = BatchNumber{node.batches()};
    node.timeOut();  // nothing came of it
    ASSERT_EQ(node.status().role, Role::PreCandidate);
    node.forget();
  }
  void campaign(std::uint64_t inTerm) {
    if (node.status().role != Role::PreCandidate) node.timeOut();
    node.receive(B, term(inTerm - 1), PreVoteReply{term(inTerm), true});
    ASSERT_EQ(node.status().role, Role::Candidate);
    ASSERT_EQ(node.status().term, term(inTerm));
  }

  SoloNode node{stateOf(A, abc, {}, HardState{term(5), {}, {}}), SoloNode::Disk::Held};
  BatchNumber lateVote;
};

TEST_F(LateOwnVote, S040_IsNoVoteForThePreCandidateOfTheNextTerm) {
  node.step(Durable{lateVote});
  EXPECT_EQ(node.status().role, Role::PreCandidate);
  EXPECT_TRUE(node.sent().empty()) << "asked for votes of a term that it has given up";
  node.receive(B, term(6), VoteReply{true});
  EXPECT_EQ(node.status().role, Role::PreCandidate) << "an answer to the campaign of before";
  EXPECT_EQ(node.status().term, term(6));
}

TEST_F(LateOwnVote, S040_IsNoVoteForTheCandidateOfTheNextTerm) {
  campaign(7);
  node.step(Durable{lateVote});
  EXPECT_TRUE(node.sent().empty()) << "the vote of term 7 is not on disk";
  node.receive(B, term(7), VoteReply{true});  // more than B can know: only the own vote is missing
  EXPECT_EQ(node.status().role, Role::Candidate) << "the vote of term 6 made a leader of term 7";
  node.persist();
  EXPECT_EQ(node.status().role, Role::Leader) << "that was all that was missing";
}

TEST_F(LateOwnVote, S040_AndTheVotesOfOthersForTheTermOfBeforeCountAsLittle) {
  campaign(7);
  node.persist();
  ASSERT_EQ(node.all<VoteRequest>().size(), 2u);
  for (MemberId id : {B, C}) node.receive(id, term(6), VoteReply{true});
  EXPECT_EQ(node.status().role, Role::Candidate);
  node.receive(B, term(7), VoteReply{true});
  EXPECT_EQ(node.status().role, Role::Leader);
}

// A has led term 2 and proposed 3:2, which is on B's disk and on the way to its own, when C leads term 3.
class LateOwnWrite : public testing::Test {
 protected:
  void SetUp() override {
    node.lead({B});
    node.receive(B, term(2), AppendAccepted{noOp});
    node.step(Propose{{bytes("x")}, Handle{1}});
    lateWrite = BatchNumber{node.batches()};
    node.receive(B, term(2), AppendAccepted{next(noOp)});
    ASSERT_EQ(node.status().commitIndex, noOp) << "at one of three";
    ASSERT_EQ(node.status().durableIndex, noOp);
    node.forget();
  }
  void expectWriteIsOpen() {
    EXPECT_EQ(node.status().durableIndex, next(noOp)) << "it is on this disk";
    EXPECT_EQ(node.status().commitIndex, noOp) << "a majority has it, and nobody leads its term";
    EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unknown);
    EXPECT_EQ(node.outcomes().size(), 1u);
  }

  static constexpr LogIndex noOp{2};
  SoloNode node{stateOf(A, abc, {}, HardState{term(1), {}, {}}), SoloNode::Disk::Held};
  BatchNumber lateWrite;
};

TEST_F(LateOwnWrite, S040_CommitsNothingWhenTheTermHasNoLeader) {
  node.receive(C, term(3), HeartbeatReply{});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unknown);
  node.step(Durable{lateWrite});
  node.persist();
  expectWriteIsOpen();
  EXPECT_TRUE(node.sent().empty()) << "an acknowledgement to nobody";
}

TEST_F(LateOwnWrite, S040_IsNotAcknowledgedToANewLeaderThatHasNotSentIt) {
  node.receive(C, term(3), Heartbeat{at(1), RoundId{}});
  node.step(Durable{lateWrite});
  node.persist();
  expectWriteIsOpen();
  EXPECT_TRUE(node.all<AppendAccepted>().empty()) << "C has proven nothing";

  node.receive(C, term(3), AppendRequest{at(1), term(1), {}, at(1)});
  node.persist();
  ASSERT_EQ(node.all<AppendAccepted>(C).size(), 1u);
  EXPECT_EQ(node.newest<AppendAccepted>(C)->match, at(1)) << "what C has proven, not what is on disk";
  expectWriteIsOpen();
}

// The new leader overwrites it first: what comes from the disk then is not there any more.
TEST_F(LateOwnWrite, S040_IsNotAcknowledgedForWhatHasOverwrittenIt) {
  node.receive(C, term(3), AppendRequest{noOp, term(2), entries(3, {3}), noOp});
  ASSERT_EQ(node.last().truncateFrom, at(3));
  node.step(Durable{lateWrite});
  EXPECT_TRUE(node.all<AppendAccepted>().empty());
  EXPECT_EQ(node.status().durableIndex, noOp);
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unknown);
  node.persist();
  EXPECT_EQ(node.newest<AppendAccepted>(C)->match, at(3));
}

}  // namespace
}  // namespace clusterkit::raft::test
