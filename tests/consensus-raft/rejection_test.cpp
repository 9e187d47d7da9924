// Appends that do not fit, on both sides: what a rejection must not take back (CCF#6016). Part of scenarios
// 23 and 31.
#include <gtest/gtest.h>

#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// A leader of term 2 whose follower B has acknowledged 5, with 6 and 7 under way to it.
class RejectionAtTheLeader : public ::testing::Test {
 protected:
  void SetUp() override {
    node.lead({B});                               // no-op at 4
    node.step(Propose{{bytes("x")}, Handle{1}});  // 5
    for (std::uint64_t i : {4, 5}) node.receive(B, term(2), AppendAccepted{at(i)});
    node.step(Propose{{bytes("y"), bytes("z")}, Handle{2}});
    ASSERT_EQ(progress().matchIndex, at(5));
    ASSERT_EQ(progress().nextIndex, at(8));
    ASSERT_EQ(node.status().commitIndex, at(5));
    node.forget();
  }
  void expectNothingTakenBack() {
    EXPECT_EQ(progress().matchIndex, at(5));
    EXPECT_GT(progress().nextIndex, at(5));
    EXPECT_EQ(node.status().commitIndex, at(5));
    for (const AppendRequest& request : node.all<AppendRequest>(B)) EXPECT_GE(request.prevIndex, at(5));
  }
  const Progress& progress() { return *node.raft().progressOf(B); }

  SoloNode node{stateOf(A, abc, {1, 1}, {term(1), {}, {}})};
};

TEST_F(RejectionAtTheLeader, S031_OfWhatIsAcknowledgedTakesNothingBack) {
  node.receive(B, term(2), AppendRejected{at(3), at(2), term(1), at(3)});
  expectNothingTakenBack();
  EXPECT_EQ(progress().nextIndex, at(8)) << "overtaken by the acknowledgement";
  EXPECT_TRUE(node.sent().empty());
  node.step(PeerDown{B});
  node.receive(B, term(2), AppendRejected{at(3), at(2), term(1), at(3)});
  expectNothingTakenBack();
}

TEST_F(RejectionAtTheLeader, S031_OfNewerEntriesGoesBackToWhatIsAcknowledgedAndNoFurther) {
  node.receive(B, term(2), AppendRejected{at(6), at(2), term(1), at(3)});
  expectNothingTakenBack();
  ASSERT_TRUE(node.newest<AppendRequest>(B).has_value());
  EXPECT_EQ(node.newest<AppendRequest>(B)->prevIndex, at(5));
}

TEST(Rejection, S023_OfAnAppendThatDoesNotFitCutsNothing) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1}, {term(3), {}, {}}));  // ends in 5:1
  node.receive(B, term(3), AppendRequest{at(3), term(2), entries(4, {3}), at(0)});
  ASSERT_TRUE(node.newest<AppendRejected>(B).has_value()) << "3 is of another term here";
  EXPECT_EQ(node.newest<AppendRejected>(B)->prevIndex, at(3));
  EXPECT_FALSE(node.last().truncateFrom.has_value());
  EXPECT_EQ(node.batches(), 0u);
  EXPECT_EQ(node.status().lastIndex, at(5));
  EXPECT_EQ(node.status().lastTerm, term(1));
  EXPECT_TRUE(node.all<AppendAccepted>().empty());
}

}  // namespace
}  // namespace clusterkit::raft::test
