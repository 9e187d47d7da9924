// Replication and commit: scenarios 22 to 39, but for those of a log that must be repaired (repair_test.cpp).
#include <gtest/gtest.h>

#include <set>

#include "invariant.hpp"
#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});
const Configuration abcde = configurationOf({A, B, C, D, E});

HardState inTerm(std::uint64_t number) { return HardState{term(number), {}, {}}; }

AppendRequest append(std::uint64_t prevIndex, std::uint64_t prevTerm, std::vector<Entry> list,
                     std::uint64_t commit) {
  return AppendRequest{at(prevIndex), term(prevTerm), std::move(list), at(commit)};
}

TEST(Commit, S022_OnlyAnEntryOfTheOwnTermCommitsByCounting) {
  SoloNode node(stateOf(A, abcde, {1, 1, 1, 2, 2, 2}, inTerm(2)));  // 1:1 to 4:1, 5:2 to 7:2
  node.lead({B, C});                                                // term 3, no-op at 8
  node.step(Propose{{bytes("x")}, Handle{1}});                      // 9:3
  const auto acknowledge = [&](MemberId from, std::uint64_t match) {
    node.receive(from, term(3), AppendAccepted{at(match)});
  };
  acknowledge(B, 5);
  acknowledge(C, 3);
  acknowledge(D, 9);
  acknowledge(E, 1);
  EXPECT_EQ(node.status().commitIndex, at(0)) << "a majority has 5, but 5 is of an older term";
  acknowledge(B, 8);
  EXPECT_EQ(node.status().commitIndex, at(8)) << "8 is of this term and takes 5 with it";
  acknowledge(C, 9);
  EXPECT_EQ(node.status().commitIndex, at(9));
}

TEST(Replication, S023_AcknowledgesOnlyWhatTheMessageProved) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1, 1, 1, 1, 1, 1}, inTerm(2)));  // ends in 10:1
  node.receive(B, term(2), append(5, 1, {}, 0));
  EXPECT_EQ(node.newest<AppendAccepted>(B)->match, at(5));
  EXPECT_EQ(node.status().lastIndex, at(10)) << "nothing is cut";
}

TEST(Replication, NewsOfACommitIsToldAtOnceAndNotAcknowledged) {
  SoloNode leader(stateOf(A, abc, {1}, inTerm(1)));
  leader.lead({B});  // term 2, no-op at 3
  leader.receive(B, term(2), AppendAccepted{at(3)});
  const auto told = leader.newest<AppendRequest>(B);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->commit, at(3));
  EXPECT_TRUE(told->entries.empty());
  EXPECT_EQ(told->answer, Answer::NotNeeded);

  SoloNode follower(stateOf(B, abc, {1}, inTerm(1)));
  follower.receive(A, term(2), append(2, 1, entries(3, {2}), 0));
  ASSERT_EQ(follower.newest<AppendAccepted>(A)->match, at(3));
  follower.forget();
  follower.receive(A, term(2), *told);
  EXPECT_EQ(follower.status().commitIndex, at(3));
  EXPECT_TRUE(follower.sent().empty());
}

TEST(Replication, AnAcknowledgementLostBeforeTheNewsOfTheCommitIsAskedForAgain) {
  SoloNode leader(stateOf(A, abc, {1}, inTerm(1)));
  leader.lead({B});
  leader.receive(C, term(2), AppendAccepted{at(2)});  // answers the probe, and gets 3
  leader.receive(B, term(2), AppendAccepted{at(3)});  // commits 3; C's acknowledgement of it is lost
  leader.forget();
  leader.receive(C, term(2), HeartbeatReply{RoundId{}, at(3)});
  const auto asked = leader.newest<AppendRequest>(C);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->answer, Answer::Wanted);
}

TEST(Replication, S024_ConflictBelowTheCommitIndexStopsTheNode) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1, 1, 1, 1}, HardState{term(2), {}, at(8)}));
  try {
    node.receive(B, term(3), append(6, 1, entries(7, {3}), 7));
    FAIL() << "a committed entry was overwritten";
  } catch (const InvariantBroken& broken) {
    EXPECT_STREQ(broken.name(), "CommittedEntriesNeverChange");
  }
  EXPECT_EQ(node.raft().log().termAt(at(7)), term(1));
}

// The figure itself, with five nodes: figure_eight_test.cpp.
TEST(Commit, S025_NewLeaderCommitsOldEntriesOnlyWithItsOwn) {
  SoloNode node(stateOf(A, abcde, {2}, inTerm(3)));
  node.lead({B, C});  // term 4, no-op at 3
  node.receive(B, term(4), AppendAccepted{at(2)});
  node.receive(C, term(4), AppendAccepted{at(2)});
  EXPECT_EQ(node.status().commitIndex, at(0)) << "2:2 is on a majority, and still can be lost";
  EXPECT_TRUE(node.applied().empty());
  node.receive(B, term(4), AppendAccepted{at(3)});
  node.receive(C, term(4), AppendAccepted{at(3)});
  EXPECT_EQ(node.status().commitIndex, at(3));
}

TEST(Replication, S026_TheSevenLogsOfTheFigureBecomeEqual) {
  // Figure 3.6: the leader's log is 1 1 1 4 4 5 5 6 6 6; entry 1 holds our configuration.
  const std::vector<std::vector<std::uint64_t>> logs = {
      {1, 1, 4, 4, 5, 5, 6, 6, 6},        // the leader
      {1, 1, 4, 4, 5, 5, 6, 6},           // a
      {1, 1, 4},                          // b
      {1, 1, 4, 4, 5, 5, 6, 6, 6, 6},     // c: extra entry of term 6
      {1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},  // d: extra entries of term 7
      {1, 1, 4, 4, 4, 4},                 // e
      {1, 1, 2, 2, 2, 3, 3, 3, 3, 3},     // f
  };
  std::vector<MemberId> ids;
  for (std::uint64_t i = 1; i <= logs.size(); ++i) ids.push_back(MemberId{i});
  const Configuration seven = configurationOf(ids);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimCluster cluster(seed);
    for (std::size_t i = 0; i < logs.size(); ++i) {
      // c and d could win an election by their longer logs; term 8 is already promised to the figure's
      // leader.
      cluster.addWithLog(ids[i], seven, logs[i], HardState{term(8), ids[0], {}});
    }
    cluster.network().filter = [&](const Message& m) {
      return m.from == ids[0] || !(std::holds_alternative<PreVoteRequest>(m.body));
    };
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == ids[0]; }, 30s)) << cluster.describe();
    cluster.expectConverged();
    for (MemberId id : ids) {
      EXPECT_EQ(cluster.node(id).raft().log().termAt(at(10)), term(6)) << "member " << id.value;
      EXPECT_GT(*cluster.node(id).raft().log().termAt(at(11)), term(8)) << "member " << id.value;
    }
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Replication, S027_ConflictingSuffixIsReplacedInOneStep) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1, 2, 2}, inTerm(2)),
                SoloNode::Disk::Held);  // 1:1 to 5:1, 6:2, 7:2
  node.receive(B, term(3), append(5, 1, entries(6, {3}), 0));
  EXPECT_EQ(node.last().truncateFrom, at(6));
  ASSERT_EQ(node.last().entries.size(), 1u);
  EXPECT_EQ(node.last().entries[0].term, term(3));
  EXPECT_EQ(node.last().hardState->term, term(3)) << "one batch, with the term";
  EXPECT_EQ(node.status().lastIndex, at(6));
  EXPECT_TRUE(node.all<AppendAccepted>().empty()) << "acknowledged before it was durable";
  node.persist();
  EXPECT_EQ(node.newest<AppendAccepted>(B)->match, at(6));
}

TEST(Replication, S028_PowerLossLeavesTheOldOrTheNewLogNeverAMix) {
  std::set<std::vector<std::uint64_t>> seen;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SimCluster cluster(seed);
    SimNode& node = cluster.addWithLog(A, abc, {1, 1, 1, 1, 2, 2}, inTerm(2));
    node.disk().held = true;
    AppendRequest request = append(5, 1, entries(6, {3}), 0);
    cluster.step(A, Receive{B, Message{theCluster, B, A, term(3), at(1), request}});
    cluster.crash(A);
    cluster.restart(A);
    std::vector<std::uint64_t> terms;
    for (LogIndex i = at(1); i <= cluster.node(A).raft().log().lastIndex(); i = next(i)) {
      terms.push_back(cluster.node(A).raft().log().termAt(i)->value);
    }
    seen.insert(terms);
  }
  const std::set<std::vector<std::uint64_t>> allowed = {{1, 1, 1, 1, 1, 2, 2}, {1, 1, 1, 1, 1, 3}};
  EXPECT_EQ(seen, allowed);
}

TEST(Replication, S029_ReorderedAppendsEndInTheSameLog) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1}, inTerm(2)));  // ends in 5:1
  node.receive(B, term(2), append(7, 2, entries(8, {2}), 0));
  ASSERT_TRUE(node.newest<AppendRejected>(B).has_value());
  EXPECT_EQ(node.newest<AppendRejected>(B)->hintIndex, at(5));
  node.receive(B, term(2), append(5, 1, entries(6, {2}), 0));
  node.receive(B, term(2), append(6, 2, entries(7, {2}), 0));
  node.receive(B, term(2), append(7, 2, entries(8, {2}), 0));
  EXPECT_EQ(node.status().lastIndex, at(8));
  EXPECT_EQ(node.newest<AppendAccepted>(B)->match, at(8));
}

TEST(Replication, S030_LateDuplicateDoesNotCutWhatCameAfterIt) {
  SoloNode node(stateOf(A, abc, {}, inTerm(2)));
  node.receive(B, term(2), append(1, 1, entries(2, {2}), 0));
  node.receive(B, term(2), append(2, 2, entries(3, {2, 2}), 0));
  node.receive(B, term(2), append(1, 1, entries(2, {2}), 0));
  EXPECT_EQ(node.status().lastIndex, at(4));
  EXPECT_FALSE(node.last().truncateFrom.has_value());
}

TEST(Replication, S031_RejectionOfAnOlderTermIsIgnored) {
  SoloNode node(stateOf(A, abc, {}, inTerm(4)));
  node.lead({B});  // term 5
  const LogIndex before = node.raft().progressOf(B)->nextIndex;
  node.forget();
  node.receive(B, term(4), AppendRejected{at(1), at(0), term(0), at(0)});
  EXPECT_EQ(node.raft().progressOf(B)->nextIndex, before);
  EXPECT_TRUE(node.sent().empty());
}

TEST(Replication, S032_AcknowledgementBeyondTheLogIsIgnoredAndCounted) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B});
  node.receive(B, term(2), AppendAccepted{at(1000)});
  EXPECT_EQ(node.raft().progressOf(B)->matchIndex, at(0));
  EXPECT_EQ(node.status().commitIndex, at(0));
  EXPECT_EQ(node.status().counters.impossible, 1u);
}

// A leader with many entries for B, each in an append of its own.
class SmallAppends : public testing::Test {
 protected:
  static Options options() {
    Options options = testOptions();
    options.maxAppendBytes = 1;
    options.maxInflightMessages = 64;
    return options;
  }
  void SetUp() override {
    node.lead({B});  // term 3
    node.receive(B, term(3), AppendRejected{at(301), at(1), term(1), at(1)});
    node.receive(B, term(3), AppendAccepted{at(2)});
    ASSERT_EQ(node.raft().progressOf(B)->state, ProgressState::Replicate);
    node.forget();
  }
  std::size_t sent() const { return node.all<AppendRequest>(B).size(); }

  SoloNode node{stateOf(A, abc, std::vector<std::uint64_t>(300, 1), inTerm(2)), SoloNode::Disk::Instant,
                options()};
};

// Every append that overtakes another one is rejected; the window must not be sent again for each of them.
TEST_F(SmallAppends, ThatOvertakeEachOtherDoNotMultiply) {
  for (std::uint64_t i = 3; i <= 40; ++i) {
    node.receive(B, term(3), AppendRejected{at(i + 20), at(i - 1), term(1), at(i - 1)});
    node.receive(B, term(3), AppendAccepted{at(i)});
  }
  EXPECT_LT(sent(), 3 * options().maxInflightMessages);
  // One that was truly lost is sent again: the answer to the next heartbeat shows the gap.
  node.wait(options().heartbeatInterval);
  node.receive(B, term(3), HeartbeatReply{RoundId{}, at(40)});
  node.receive(B, term(3), AppendRejected{at(100), at(40), term(1), at(40)});
  EXPECT_EQ(node.newest<AppendRequest>(B)->prevIndex, at(40));
}

// Found by the simulation: a member that lost its tail says so in every rejection, also in those that its own
// newer acknowledgements have overtaken. None of these counts any more, but the window is not sent for each.
TEST_F(SmallAppends, ToARepairingMemberDoNotMultiplyEither) {
  for (std::uint64_t i = 3; i <= 40; ++i) {
    node.receive(B, term(3), AppendAccepted{at(i)});
    node.receive(B, term(3), AppendRejected{at(i + 20), at(i - 1), term(1), at(i - 1), true});
    EXPECT_EQ(node.raft().progressOf(B)->matchIndex, LogIndex{});
  }
  EXPECT_LT(sent(), 3 * options().maxInflightMessages);
}

TEST(Replication, S034_CommitBeyondTheFollowersLogIsCutToIt) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, inTerm(2)));  // ends in 12:1
  node.receive(B, term(2), append(12, 1, {}, 20));
  EXPECT_EQ(node.status().commitIndex, at(12));
  node.receive(B, term(2), Heartbeat{at(30), RoundId{}});
  EXPECT_EQ(node.status().commitIndex, at(12));
}

TEST(Replication, S037_NewLeaderCommitsItsNoOpAndWithItThePast) {
  SimCluster cluster(37);
  for (MemberId id : {A, B, C}) cluster.addWithLog(id, abc, {1, 1});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  EXPECT_EQ(cluster.node(leader).commands(), (std::vector<std::string>{"2:1", "3:1"}));
}

TEST(Replication, S039_CommitLatencyFollowsTheFastestMajority) {
  SimCluster cluster(39, {A, B, C, D, E});
  const MemberId leader = cluster.awaitLeader();
  int slow = 2;
  for (MemberId id : cluster.members()) {
    if (id != leader && slow-- > 0) cluster.network().extraDelay[id] = 150ms;
  }
  const MonotonicTime begin = cluster.now();
  const Handle write = cluster.propose(leader, "x");
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(write); }));
  EXPECT_LT(cluster.now() - begin, 20ms);
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test
