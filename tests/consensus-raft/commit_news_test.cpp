// News of a commit waits a moment for an append that takes it along.
#include "commit_news.hpp"

#include <gtest/gtest.h>

#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration patience = 1ms;

TEST(CommitNews, WaitsOnceForAllCommitsUntilTheFirstOnesTime) {
  CommitNews news;
  const MonotonicTime begin{1s};
  EXPECT_TRUE(news.holdsBack(begin, patience));
  EXPECT_TRUE(news.holdsBack(begin + 500us, patience));
  EXPECT_EQ(news.due(), begin + patience);
}

TEST(CommitNews, WithoutPatienceNothingWaits) {
  CommitNews news;
  EXPECT_FALSE(news.holdsBack(MonotonicTime{1s}, 0ms));
  EXPECT_FALSE(news.isHeldBack());
}

// How many commits are told at once between two that wait in vain.
std::size_t toldAtOnce(CommitNews& news) {
  std::size_t count = 0;
  while (!news.holdsBack(MonotonicTime{1s}, patience)) ++count;
  return count;
}

TEST(CommitNews, WaitsInVainMoreAndMoreSeldomUntilAnAppendComesInTime) {
  CommitNews news;
  std::vector<std::size_t> told;
  for (int i = 0; i < 12; ++i) {
    told.push_back(toldAtOnce(news));
    news.expired();
  }
  EXPECT_EQ(told, (std::vector<std::size_t>{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023}));
  EXPECT_EQ(toldAtOnce(news), 1023u);
  news.carried();
  EXPECT_EQ(toldAtOnce(news), 0u);
  news.expired();
  EXPECT_EQ(toldAtOnce(news), 1u);
}

class PatientLeader : public testing::Test {
 protected:
  static Options options() {
    Options options = testOptions();
    options.commitNewsPatience = patience;
    return options;
  }
  void SetUp() override {
    leader.lead({B});  // term 2, no-op at 3
    leader.receive(B, term(2), AppendAccepted{at(3)});
    leader.receive(C, term(2), AppendAccepted{at(3)});
    leader.step(Propose{{bytes("w")}, Handle{1}});  // 4
    leader.forget();
    leader.receive(B, term(2), AppendAccepted{at(4)});
    ASSERT_EQ(leader.status().commitIndex, at(4));
  }

  SoloNode leader{stateOf(A, configurationOf({A, B, C}), {1}, HardState{term(1), {}, {}}),
                  SoloNode::Disk::Instant, options()};
};

TEST_F(PatientLeader, SendsNoMessageForACommitThatTheNextAppendTakesAlong) {
  EXPECT_FALSE(leader.newest<AppendRequest>());
  leader.step(Propose{{bytes("x")}, Handle{2}});
  EXPECT_EQ(leader.newest<AppendRequest>(B)->commit, at(4));
  EXPECT_EQ(leader.newest<AppendRequest>(C)->commit, at(4));
  leader.forget();
  leader.wait(patience);
  EXPECT_FALSE(leader.newest<AppendRequest>()) << "everybody knows";
}

TEST_F(PatientLeader, TellsItWhenNoAppendCameInTime) {
  EXPECT_EQ(leader.raft().nextDeadline(), leader.now() + patience);
  leader.wait(patience);
  for (const MemberId to : {B, C}) {
    const auto told = leader.newest<AppendRequest>(to);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->commit, at(4));
    EXPECT_TRUE(told->entries.empty());
    EXPECT_EQ(told->answer, Answer::NotNeeded);
  }
}

// The follower answers its client when it has applied what the read is about: waiting would only cost. Mostly
// the heartbeat of the round tells it, but not where that overtakes the entry.
TEST_F(PatientLeader, TellsItToAFollowerThatReads) {
  leader.step(Propose{{bytes("x")}, Handle{2}});  // 5
  leader.receive(B, term(2), AppendAccepted{at(5)});
  leader.receive(C, term(2), ReadIndexRequest{RequestId{1}});
  leader.receive(C, term(2), AppendAccepted{at(5)});
  leader.forget();
  leader.receive(B, term(2), HeartbeatReply{RoundId{1}, at(5)});
  ASSERT_TRUE(leader.newest<ReadIndexReply>(C));
  ASSERT_TRUE(leader.newest<AppendRequest>(C));
  EXPECT_EQ(leader.newest<AppendRequest>(C)->commit, at(5));
  EXPECT_FALSE(leader.newest<AppendRequest>(B)) << "B has time";
}

TEST_F(PatientLeader, TellsAChangeOfMembersAtOnce) {
  leader.step(ChangeMembers{RemoveMember{C}, Handle{2}});
  const LogIndex change = leader.status().lastIndex;
  leader.forget();
  leader.receive(B, term(2), AppendAccepted{change});
  ASSERT_EQ(leader.status().commitIndex, change);
  ASSERT_TRUE(leader.newest<AppendRequest>(B));
  EXPECT_EQ(leader.newest<AppendRequest>(B)->commit, change);
}

}  // namespace
}  // namespace clusterkit::raft::test
