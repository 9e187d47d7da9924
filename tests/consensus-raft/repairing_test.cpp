// A node that lost what it once acknowledged never leads, whatever wants it to: scenario 46. How it is made
// whole: repair_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// Its log ends in 3:1, once it acknowledged up to 9.
InitialState lostItsTail(const Configuration& configuration) {
  InitialState state = stateOf(A, configuration, {1, 1});
  state.repairing = true;
  state.highWater = at(9);
  return state;
}

bool hasAlarm(const SoloNode& node, Alarm alarm) {
  return std::count(node.last().alarms.begin(), node.last().alarms.end(), alarm) == 1;
}

TEST(Repairing, S046_SoleVoterThatLostItsTailDoesNotLead) {
  SoloNode node(lostItsTail(configurationOf({A})));
  EXPECT_TRUE(hasAlarm(node, Alarm::LogLostTail));
  for (int i = 0; i < 5; ++i) {
    node.timeOut();
    EXPECT_EQ(node.status().role, Role::Follower) << "it leads with a log that lacks what it acknowledged";
  }
  EXPECT_TRUE(node.status().repairing);
  EXPECT_EQ(node.status().term, term(1));
  EXPECT_EQ(node.status().commitIndex, at(0));
  EXPECT_EQ(node.batches(), 0u) << "no term, no vote, no empty entry";
}

TEST(Repairing, S046_NodeThatLostItsTailNeverAsksForVotes) {
  SoloNode node(lostItsTail(abc));
  for (int i = 0; i < 5; ++i) node.timeOut();
  EXPECT_TRUE(node.sent().empty());
  EXPECT_EQ(node.batches(), 0u);
  node.receive(B, term(4), Heartbeat{at(9), RoundId{}});
  for (int i = 0; i < 5; ++i) node.timeOut();
  EXPECT_TRUE(node.all<PreVoteRequest>().empty()) << "its leader is gone, and it still has lost its tail";
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.status().term, term(4));
}

TEST(Repairing, S046_NodeThatLostItsTailDoesNotCampaignWhenItsLeaderHandsOver) {
  SoloNode node(lostItsTail(abc));
  node.receive(B, term(4), Heartbeat{at(9), RoundId{}});
  const std::uint64_t batches = node.batches();
  node.receive(B, term(4), TimeoutNow{});
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.status().term, term(4));
  EXPECT_EQ(node.batches(), batches);
  EXPECT_TRUE(node.all<VoteRequest>().empty());

  node.receive(B, term(4), AppendRequest{at(3), term(1), entries(4, {4, 4, 4, 4, 4, 4}), at(9)});
  ASSERT_FALSE(node.status().repairing);
  node.receive(B, term(4), TimeoutNow{});
  EXPECT_EQ(node.all<VoteRequest>().size(), 2u) << "now it may";
}

// The store holds less than was committed there, and did not notice: the core does.
TEST(Repairing, S046_ACommitIndexBeyondTheLogMeansThatItsTailIsLost) {
  SoloNode node(stateOf(A, abc, {1, 1}, HardState{term(2), {}, at(9)}));
  EXPECT_TRUE(node.status().repairing);
  EXPECT_TRUE(hasAlarm(node, Alarm::LogLostTail));
  EXPECT_EQ(node.status().commitIndex, at(3));
  for (int i = 0; i < 5; ++i) node.timeOut();
  EXPECT_TRUE(node.sent().empty()) << "it campaigns";
  node.receive(C, term(2), VoteRequest{at(20), term(2)});
  ASSERT_TRUE(node.newest<VoteReply>(C).has_value());
  EXPECT_FALSE(node.newest<VoteReply>(C)->granted);
}

// Its term is the one of the lost acknowledgements, so nothing less than all of them makes it whole.
TEST(Repairing, S046_AllThatWasCommittedMustBeThereAgainInTheSameTerm) {
  SoloNode node(stateOf(A, abc, {1, 1}, HardState{term(2), {}, at(9)}));
  node.receive(B, term(2), AppendRequest{at(3), term(1), entries(4, {2, 2, 2, 2, 2}), at(8)});
  EXPECT_EQ(node.status().commitIndex, at(8));
  EXPECT_TRUE(node.status().repairing) << "9 was committed";
  node.receive(B, term(2), AppendRequest{at(8), term(2), entries(9, {2}), at(9)});
  EXPECT_FALSE(node.status().repairing);
}

}  // namespace
}  // namespace clusterkit::raft::test
