// What must be on disk before anything is promised, one node at a time: scenarios 41 to 45, 47, 51 and 53.
// Whole clusters that lose power: power_loss_test.cpp. The store's and the host's share of these rows is
// tested with them.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

HardState inTerm(std::uint64_t number) { return HardState{term(number), {}, {}}; }

AppendRequest append(std::uint64_t prevIndex, std::uint64_t prevTerm, std::vector<Entry> list) {
  return AppendRequest{at(prevIndex), term(prevTerm), std::move(list), at(0)};
}

TEST(Persistence, S041_NoVoteRequestLeavesBeforeTermAndOwnVoteAreOnDisk) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)), SoloNode::Disk::Held);
  node.timeOut();
  node.receive(B, term(3), PreVoteReply{term(4), true});
  ASSERT_EQ(node.status().role, Role::Candidate);
  EXPECT_EQ(node.last().hardState, (HardState{term(4), A, {}})) << "one record";
  EXPECT_EQ(node.last().sync, SyncNeed::Now);
  EXPECT_TRUE(node.all<VoteRequest>().empty());
  node.persist();
  EXPECT_EQ(node.all<VoteRequest>(B).size(), 1u);
  EXPECT_EQ(node.all<VoteRequest>(C).size(), 1u);
}

// The receiver takes the term over; a question about a vote and a notice of removal only mention theirs.
bool bringsItsTerm(const Message& m) {
  return !std::holds_alternative<PreVoteRequest>(m.body) && !std::holds_alternative<RemovedNotice>(m.body);
}

// B asks A all the time for a pre-vote and for a read point: both answers carry A's term.
void askAllTheTime(SimCluster& cluster) {
  const std::vector<MessageBody> questions = {PreVoteRequest{at(1), term(1)}, ReadIndexRequest{}};
  for (Duration wait = 0ms; wait < 8ms; wait += 500us) {
    for (const MessageBody& body : questions)
      cluster.network().inject(cluster.now() + wait, Message{theCluster, B, A, term(2), at(1), body});
  }
}

// Campaigns that lose power at any moment around the write of their term.
TEST(Persistence, S041_AfterACrashTheTermIsNotBelowAnyThatWasSent) {
  int before = 0, after = 0, answers = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SimCluster cluster(seed, {A, B, C});
    Term sent;
    cluster.network().seen = [&](const Message& m) {
      if (m.from != A || !bringsItsTerm(m)) return;
      sent = std::max(sent, m.term);
      answers += std::holds_alternative<PreVoteReply>(m.body) && m.term > term(1) ? 1 : 0;
      EXPECT_GE(cluster.node(A).disk().durable().hard.term, m.term) << "kind " << m.body.index();
    };
    // A is the one that campaigns; nobody else wins by its answers.
    cluster.network().filter = [](const Message& m) {
      if (m.from == A) return !std::holds_alternative<PreVoteReply>(m.body);
      return m.to == A || !std::holds_alternative<PreVoteRequest>(m.body);
    };
    cluster.node(A).disk().delay = 5ms;
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(A).status().role == Role::Candidate; }));
    askAllTheTime(cluster);
    cluster.runFor(Duration(static_cast<Duration::rep>(cluster.prng().below(8'000'000))));
    const Term reached = cluster.node(A).status().term;
    (sent == reached ? after : before)++;
    cluster.crash(A);
    cluster.restart(A);
    EXPECT_GE(cluster.node(A).status().term, sent) << "seed " << seed;
  }
  EXPECT_GT(before, 5) << "no crash came before the sync";
  EXPECT_GT(after, 5) << "no crash came after it";
  EXPECT_GT(answers, 5) << "no pre-vote was answered in the new term";
}

// The vote of one node for B in term 4, with power lost before or after it is on disk; then both ask again.
struct Votes {
  bool wasOnDisk = false;
  std::set<MemberId> granted;
};

Votes voteLosePowerAndVoteAgain(std::uint64_t seed, MemberId firstToAskAgain) {
  SimCluster cluster(seed);
  SimNode& node = cluster.addWithLog(A, abc, {}, inTerm(3));
  Votes votes;
  cluster.network().seen = [&](const Message& m) {
    const auto* reply = std::get_if<VoteReply>(&m.body);
    if (reply != nullptr && reply->granted && m.term == term(4)) votes.granted.insert(m.to);
  };
  const auto ask = [&](MemberId candidate) {
    cluster.step(A, Receive{candidate,
                            Message{theCluster, candidate, A, term(4), at(1), VoteRequest{at(1), term(1)}}});
  };
  node.disk().held = true;
  ask(B);
  EXPECT_TRUE(votes.granted.empty()) << "the vote left before it was on disk";
  cluster.crash(A);
  votes.wasOnDisk = node.disk().durable().hard == HardState{term(4), B, {}};
  node.disk().held = false;
  cluster.restart(A);
  ask(firstToAskAgain);
  ask(firstToAskAgain == B ? C : B);
  cluster.runFor(50ms);
  return votes;
}

TEST(Persistence, S042_AfterAPowerLossAVoterGrantsOnlyTheCandidateItMayHaveVotedFor) {
  int onDisk = 0, lost = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    for (MemberId first : {B, C}) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", first to ask again " + std::to_string(first.value));
      const Votes votes = voteLosePowerAndVoteAgain(seed, first);
      (votes.wasOnDisk ? onDisk : lost)++;
      EXPECT_EQ(votes.granted, std::set{votes.wasOnDisk ? B : first});
    }
  }
  EXPECT_GT(onDisk, 5);
  EXPECT_GT(lost, 5);
}

TEST(Persistence, S043_ALogWithoutTermAndVoteIsNotStarted) {
  InitialState lost = stateOf(A, abc, {1, 2, 3});
  lost.hard = {};
  try {
    Raft raft(testOptions(), lost, 1);
    FAIL() << "it could vote twice in one term";
  } catch (const std::invalid_argument& refused) {
    EXPECT_STREQ(refused.what(),
                 "the store holds a log but no term and vote; restore them or remove this member");
  }
}

TEST(Persistence, S044_ATermBelowTheLogsIsNotStarted) {
  InitialState old = stateOf(A, abc, {1, 2, 3});
  old.hard.term = term(2);
  try {
    Raft raft(testOptions(), old, 1);
    FAIL() << "it could vote again in term 3";
  } catch (const std::invalid_argument& refused) {
    EXPECT_STREQ(refused.what(),
                 "the stored term 2 is older than the log's 3; restore the store or remove this member");
  }
}

TEST(Persistence, S045_NoPathAcknowledgesMoreThanIsDurable) {
  SoloNode node(stateOf(A, abc, {}, inTerm(2)), SoloNode::Disk::Held);
  const auto highestAck = [&] {
    LogIndex highest;
    for (const AppendAccepted& ack : node.all<AppendAccepted>(B)) highest = std::max(highest, ack.match);
    return highest;
  };
  node.receive(B, term(2), append(1, 1, entries(2, {2, 2})));
  node.receive(B, term(2), append(1, 1, entries(2, {2, 2})));  // sent again
  node.receive(B, term(2), append(3, 2, {}));                  // a probe behind what is not on disk
  node.receive(B, term(2), Heartbeat{at(3), RoundId{1}});
  node.wait(50ms);
  EXPECT_EQ(highestAck(), at(1)) << "only the entry of before is on disk";
  node.receive(B, term(2), append(3, 2, entries(4, {2})));
  node.step(Durable{BatchNumber{1}});
  EXPECT_EQ(highestAck(), at(3)) << "the third entry's batch is still under way";
  node.persist();
  EXPECT_EQ(highestAck(), at(4));
}

TEST(Persistence, S045_AHeartbeatsAnswerIsNotCountedAsAnAcknowledgement) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B});
  node.step(Propose{{bytes("x")}, Handle{1}});
  const LogIndex last = node.status().lastIndex;
  node.wait(50ms);
  ASSERT_TRUE(node.newest<Heartbeat>(B).has_value());
  node.receive(B, term(2), HeartbeatReply{node.newest<Heartbeat>(B)->round, last});
  EXPECT_EQ(node.raft().progressOf(B)->matchIndex, at(0)) << "it only says that the logs agree";
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt);
}

TEST(Persistence, S047_TheLeaderCountsItselfOnlyWhenItsOwnWriteIsDurable) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)), SoloNode::Disk::Held);
  node.lead({B});
  const LogIndex noOp = node.status().lastIndex, write = next(noOp);
  node.receive(B, term(2), AppendAccepted{noOp});
  ASSERT_EQ(node.status().commitIndex, noOp);
  node.step(Propose{{bytes("x")}, Handle{1}});
  node.receive(B, term(2), AppendAccepted{write});
  EXPECT_EQ(node.status().commitIndex, noOp) << "it is durable at one of three";
  node.receive(C, term(2), AppendAccepted{write});
  EXPECT_EQ(node.status().commitIndex, write) << "two of three need no third";
  EXPECT_TRUE(node.applied().empty() || node.applied().back().index < write) << "not durable here";
  EXPECT_EQ(node.outcome(Handle{1}), std::nullopt);
  node.persist();
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Ok);
}

TEST(Persistence, S047_AWriteIsNotAcknowledgedByALeaderThatCrashesBeforeItsOwnSync) {
  for (const std::vector<MemberId>& voters : {std::vector<MemberId>{A}, std::vector<MemberId>{A, B, C}}) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      SCOPED_TRACE(std::to_string(voters.size()) + " voters, seed " + std::to_string(seed));
      SimCluster cluster(seed, voters);
      const MemberId leader = cluster.awaitLeader();
      cluster.node(leader).disk().held = true;
      const Handle write = cluster.propose(leader, "x");
      cluster.runFor(Duration(static_cast<Duration::rep>(cluster.prng().below(20'000'000))));
      EXPECT_FALSE(cluster.isOk(write));
      cluster.crash(leader);
      cluster.node(leader).disk().held = false;
      cluster.restart(leader);
      EXPECT_TRUE(cluster.commitSomething());
      cluster.expectConverged();
    }
  }
}

TEST(Persistence, S051_ALateCompletionOfAnOverwrittenEntryIsNotTakenForTheNewOnes) {
  SoloNode node(stateOf(A, abc, {1, 1, 1, 1, 1, 1, 1, 1}, inTerm(2)), SoloNode::Disk::Held);  // ends in 9:1
  node.receive(B, term(2), append(9, 1, entries(10, {2})));
  const BatchNumber old{node.batches()};
  node.receive(C, term(3), append(9, 1, entries(10, {3})));
  ASSERT_EQ(node.last().truncateFrom, at(10));
  node.step(Durable{old});
  EXPECT_EQ(node.status().durableIndex, at(9));
  EXPECT_TRUE(node.all<AppendAccepted>(C).empty());
  node.persist();
  EXPECT_EQ(node.status().durableIndex, at(10));
  EXPECT_EQ(node.newest<AppendAccepted>(C)->match, at(10));
}

TEST(Persistence, S053_ASoleNodeAppliesWhatItHadCommittedBeforeItServes) {
  Options options = testOptions();
  options.snapshotEntries = 30;
  SimCluster cluster(53, {A}, options);
  SimNode& node = cluster.node(A);
  cluster.awaitLeader();
  while (node.appliedIndex() < at(50)) ASSERT_TRUE(cluster.commitSomething());
  cluster.runFor(1s);  // the commit index reaches the disk
  const LogIndex committed = node.status().commitIndex, snapshot = node.status().snapshotIndex;
  const std::vector<std::string> commands = node.commands();
  ASSERT_GE(snapshot, at(30));
  ASSERT_LT(snapshot, committed);

  node.applyPaused = true;
  cluster.restart(A);
  cluster.runFor(1s);
  const Handle read = cluster.barrier(A);
  cluster.runFor(1s);
  EXPECT_EQ(node.appliedIndex(), snapshot);
  EXPECT_FALSE(cluster.hasEnded(read)) << "it serves before it has applied what it had committed";
  node.resumeApply(cluster.now());
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(read); }, 100ms));
  EXPECT_GE(cluster.outcome(read)->index, committed);
  EXPECT_EQ(node.commands(), commands);
}

// With each append it would cost the store a page of its own each time.
TEST(Persistence, TheCommitIndexRidesAlongOncePerHeartbeat) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {1}, HardState{term(1), {}, {}}));
  const auto appendTo = [&](std::uint64_t index) {
    const std::uint64_t before = index - 1;
    node.receive(B, term(2),
                 AppendRequest{at(before), term(before == 2 ? 1 : 2), entries(index, {2}), at(before)});
    return node.last().hardState;
  };
  EXPECT_TRUE(appendTo(3)) << "the term is new";
  EXPECT_FALSE(appendTo(4)) << "the commit index alone can wait";
  EXPECT_FALSE(appendTo(5));
  node.wait(testOptions().heartbeatInterval);
  ASSERT_TRUE(node.last().hardState);
  EXPECT_EQ(node.last().hardState->commit, at(4));
  EXPECT_EQ(node.last().sync, SyncNeed::Lazy);
}

}  // namespace
}  // namespace clusterkit::raft::test
