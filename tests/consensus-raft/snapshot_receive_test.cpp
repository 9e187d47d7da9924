// What a follower does with the chunks of a snapshot: scenarios 56 to 58, 62, 65 and 66, one node at a time.
#include <gtest/gtest.h>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

HardState inTerm(std::uint64_t number) { return HardState{term(number), {}, {}}; }

// A log of 1:1 and commands up to `last`, all of one term.
std::vector<std::uint64_t> upTo(std::uint64_t last, std::uint64_t ofTerm) {
  return std::vector<std::uint64_t>(last - 1, ofTerm);
}

SnapshotMeta snapshotAt(std::uint64_t index, std::uint64_t ofTerm, std::uint64_t size = 8) {
  return SnapshotMeta{at(index), term(ofTerm), shared(abc), at(1), size, 100 + index};
}

SnapshotChunk chunk(const SnapshotMeta& meta, std::uint64_t offset, std::string text) {
  return SnapshotChunk{meta, offset, bytes(std::move(text))};
}

template <class Step>
std::optional<Step> stepOf(const Ready& ready) {
  for (const SnapshotStep& step : ready.snapshotSteps) {
    if (const auto* found = std::get_if<Step>(&step)) return *found;
  }
  return std::nullopt;
}

// Receives a whole snapshot in one chunk; the store takes all of it.
void install(SoloNode& node, MemberId from, Term ofTerm, const SnapshotMeta& meta) {
  node.receive(from, ofTerm, chunk(meta, 0, std::string(meta.totalSize, 'x')));
  const auto begun = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(begun.has_value());
  node.step(SnapshotChunkWritten{begun->reception, meta.totalSize});
  ASSERT_TRUE(stepOf<CommitSnapshot>(node.last()).has_value());
  node.step(SnapshotStored{begun->reception});
}

TEST(SnapshotReceive, S056_SuffixThatAgreesWithTheSnapshotIsKept) {
  SoloNode node(stateOf(A, abc, upTo(100, 3), inTerm(3)));
  node.receive(B, term(3), chunk(snapshotAt(60, 3), 0, "xxxxxxxx"));
  EXPECT_TRUE(node.last().snapshotSteps.empty()) << "all of it is here already";
  EXPECT_FALSE(node.last().restore.has_value());
  EXPECT_EQ(node.status().lastIndex, at(100));
  EXPECT_EQ(node.status().commitIndex, at(60)) << "what a snapshot covers is committed";
  ASSERT_TRUE(node.newest<SnapshotReply>(B).has_value());
  EXPECT_EQ(node.newest<SnapshotReply>(B)->progress, SnapshotProgress::UpToDate);
  EXPECT_EQ(node.newest<SnapshotReply>(B)->match, at(60));
  EXPECT_EQ(node.applied().back().index, at(60)) << "the state advances, by the log";
}

TEST(SnapshotReceive, S056_LogThatGrowsPastTheSnapshotWhileItComesIsKept) {
  SoloNode node(stateOf(A, abc, upTo(5, 3), inTerm(3)));
  const SnapshotMeta meta = snapshotAt(8, 3);
  node.receive(B, term(3), chunk(meta, 0, "xxxxxxxx"));
  const auto begun = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(begun.has_value());
  node.receive(B, term(3), AppendRequest{at(5), term(3), entries(6, {3, 3, 3, 3, 3}), at(9)});
  ASSERT_EQ(node.status().appliedIndex, at(9));
  node.step(SnapshotChunkWritten{begun->reception, meta.totalSize});
  node.step(SnapshotStored{begun->reception});
  EXPECT_FALSE(node.last().restore.has_value()) << "the state would go back from 9 to 8";
  EXPECT_EQ(node.status().appliedIndex, at(9));
  EXPECT_EQ(node.status().lastIndex, at(10));
  EXPECT_EQ(node.status().snapshotIndex, at(8));
}

TEST(SnapshotReceive, S057_LogThatContradictsTheSnapshotIsDroppedWhole) {
  SoloNode node(stateOf(A, abc, upTo(100, 2), inTerm(3)));
  node.receive(B, term(4), AppendRequest{at(100), term(4), {}, at(60)});
  node.forget();
  install(node, B, term(4), snapshotAt(60, 3));
  EXPECT_EQ(node.status().lastIndex, at(60));
  EXPECT_EQ(node.status().firstIndex, at(61));
  EXPECT_EQ(node.newest<SnapshotReply>(B)->match, at(60));
  node.receive(B, term(4), AppendRequest{at(60), term(3), entries(61, {4}), at(60)});
  EXPECT_TRUE(node.all<AppendRejected>().empty());
  EXPECT_EQ(node.newest<AppendAccepted>(B)->match, at(61)) << "accepted at the first try";
}

TEST(SnapshotReceive, S058_OlderSnapshotIsAnsweredUpToDateAndChangesNothing) {
  SoloNode node(stateOf(A, abc, upTo(90, 3), HardState{term(3), {}, at(80)}));
  ASSERT_EQ(node.status().appliedIndex, at(80));
  node.receive(B, term(3), chunk(snapshotAt(60, 3), 0, "xxxxxxxx"));
  EXPECT_EQ(node.newest<SnapshotReply>(B)->progress, SnapshotProgress::UpToDate);
  EXPECT_TRUE(node.last().snapshotSteps.empty());
  EXPECT_EQ(node.status().appliedIndex, at(80));
  EXPECT_EQ(node.status().lastIndex, at(90));
  EXPECT_EQ(node.status().snapshotIndex, at(0));
}

TEST(SnapshotReceive, S062_ProposalsOfADeposedLeaderEndOnceAndAreNeverApplied) {
  SoloNode node(stateOf(A, abc, {}, inTerm(1)));
  node.lead({B, C});
  node.step(Propose{{bytes("mine"), bytes("too")}, Handle{1}});
  install(node, B, term(3), snapshotAt(60, 3));
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::Unknown);
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Unknown);
  EXPECT_EQ(node.outcomes().size(), 2u) << "each ends once";
  EXPECT_TRUE(node.applied().empty());
  EXPECT_EQ(node.status().appliedIndex, at(60));
  EXPECT_EQ(node.status().lastIndex, at(60));
}

TEST(SnapshotReceive, S065_SecondSnapshotInQuickSuccessionWins) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)));
  node.receive(B, term(3), chunk(snapshotAt(60, 3), 0, "xxxx"));
  const auto first = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(first.has_value());
  node.receive(B, term(3), chunk(snapshotAt(70, 3), 0, "yyyyyyyy"));
  const auto second = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(second.has_value());
  EXPECT_NE(first->reception, second->reception);
  node.step(SnapshotChunkWritten{first->reception, 4});  // the store had it under way
  node.receive(B, term(3), chunk(snapshotAt(60, 3), 4, "xxxx"));
  EXPECT_TRUE(node.last().snapshotSteps.empty()) << "a late chunk of the first";
  node.step(SnapshotChunkWritten{second->reception, 8});
  node.step(SnapshotStored{second->reception});
  EXPECT_EQ(node.status().snapshotIndex, at(70));
  EXPECT_EQ(node.status().appliedIndex, at(70));
}

TEST(SnapshotReceive, S064_LateCompletionIsNotTakenForAnotherLeadersSnapshotOfTheSameIndex) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)));
  SnapshotMeta ofB = snapshotAt(60, 3), ofC = snapshotAt(60, 3);
  ofC.checksum = 999;  // equal states need not be equal bytes
  node.receive(B, term(4), chunk(ofB, 0, "bbbbbbbb"));
  const auto first = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(first.has_value());
  node.receive(C, term(5), chunk(ofC, 0, "cccc"));
  const auto second = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(second.has_value());
  node.forget();
  node.step(SnapshotChunkWritten{first->reception, 8});
  EXPECT_TRUE(node.last().snapshotSteps.empty()) << "half of a snapshot would have been committed";
  node.step(SnapshotStoreFailed{first->reception});
  EXPECT_TRUE(node.last().snapshotSteps.empty());
  EXPECT_TRUE(node.sent().empty());
  node.step(SnapshotChunkWritten{second->reception, 4});
  ASSERT_TRUE(node.newest<SnapshotReply>(C).has_value());
  EXPECT_EQ(node.newest<SnapshotReply>(C)->nextOffset, 4u);
}

// The sender has lost its office, or has got an acknowledgement that came late: nobody sends the rest. A node
// that went on waiting for it would never take a snapshot of its own again.
TEST(SnapshotReceive, ASnapshotThatTheLogHasOvertakenIsGivenUp) {
  Options options = testOptions();
  options.snapshotEntries = 10;
  for (const bool whileWriting : {false, true}) {
    SoloNode node(stateOf(A, abc, upTo(5, 3), inTerm(3)), SoloNode::Disk::Instant, options);
    node.receive(B, term(3), chunk(snapshotAt(8, 3, 16), 0, "xxxxxxxx"));
    const auto begun = stepOf<BeginSnapshot>(node.last());
    ASSERT_TRUE(begun.has_value());
    const SnapshotChunkWritten written{begun->reception, 8};
    if (!whileWriting) node.step(written);
    std::vector<Entry> rest;
    for (std::uint64_t index = 6; index <= 25; ++index) rest.push_back(entry(index, 3));
    node.receive(C, term(4), AppendRequest{at(5), term(3), rest, at(25)});
    if (whileWriting) node.step(written);
    node.receive(C, term(4), AppendRequest{at(25), term(3), {entry(26, 4)}, at(26)});
    EXPECT_TRUE(node.snapshotAsked().has_value()) << whileWriting;
  }
}

// The bytes were good: a leader that heard "whole, and refused" would doubt its own snapshot, and make
// another.
TEST(SnapshotReceive, ADiskThatTakesNoSnapshotDoesNotSayThatTheSnapshotIsBad) {
  for (const auto fault : {SnapshotFault::Store, SnapshotFault::Content}) {
    SoloNode node(stateOf(A, abc, upTo(5, 3), inTerm(3)));
    node.receive(B, term(3), chunk(snapshotAt(8, 3), 0, "xxxxxxxx"));
    const auto begun = stepOf<BeginSnapshot>(node.last());
    ASSERT_TRUE(begun.has_value());
    node.step(SnapshotChunkWritten{begun->reception, 8});
    node.step(SnapshotStoreFailed{begun->reception, fault});
    const auto reply = node.newest<SnapshotReply>(B);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->progress, SnapshotProgress::Failed);
    EXPECT_EQ(reply->nextOffset, fault == SnapshotFault::Content ? 8u : 0u);
  }
}

TEST(SnapshotReceive, S064_SameSnapshotFromANewLeaderIsResumed) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)));
  const SnapshotMeta meta = snapshotAt(60, 3);
  node.receive(B, term(4), chunk(meta, 0, "xxxx"));
  const auto begun = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(begun.has_value());
  node.step(SnapshotChunkWritten{begun->reception, 4});
  node.receive(C, term(5), chunk(meta, 0, "xxxx"));
  EXPECT_TRUE(node.last().snapshotSteps.empty());
  EXPECT_EQ(node.newest<SnapshotReply>(C)->nextOffset, 4u) << "what is here already is not sent again";
  node.receive(C, term(5), chunk(meta, 4, "xxxx"));
  node.step(SnapshotChunkWritten{begun->reception, 8});
  node.step(SnapshotStored{begun->reception});
  EXPECT_EQ(node.status().snapshotIndex, at(60));
}

// The store replaces the log when it commits a snapshot. A node that became leader in between would count
// entries as its own durable ones that the store has dropped.
TEST(SnapshotReceive, S064_CandidateWhoseLogIsBeingReplacedDoesNotBecomeLeader) {
  for (const bool voting : {false, true}) {
    SoloNode node(stateOf(A, abc, {2, 2}, inTerm(3)));
    const SnapshotMeta meta = snapshotAt(60, 3);
    node.receive(B, term(4), chunk(meta, 0, "xxxxxxxx"));
    const auto begun = stepOf<BeginSnapshot>(node.last());
    ASSERT_TRUE(begun.has_value());
    node.timeOut();
    if (voting) node.receive(C, term(4), PreVoteReply{term(5), true});
    ASSERT_EQ(node.status().role, voting ? Role::Candidate : Role::PreCandidate);
    node.step(SnapshotChunkWritten{begun->reception, 8});
    ASSERT_TRUE(stepOf<CommitSnapshot>(node.last()).has_value());
    node.receive(C, term(4), PreVoteReply{term(5), true});
    node.receive(C, term(5), VoteReply{true});
    EXPECT_EQ(node.status().role, Role::Follower) << (voting ? "candidate" : "pre-candidate");
    node.step(SnapshotStored{begun->reception});
    EXPECT_EQ(node.status().lastIndex, at(60));
  }
}

// The store drops the log when it commits the snapshot: entries that it gets after that would not fit.
TEST(SnapshotReceive, S064_SnapshotIsCommittedOnlyWhenTheLogHasReachedTheStore) {
  SoloNode node(stateOf(A, abc, {2, 2}, inTerm(3)), SoloNode::Disk::Held);
  node.receive(B, term(3), AppendRequest{at(3), term(2), entries(4, {3, 3}), at(0)});
  const SnapshotMeta meta = snapshotAt(60, 3);
  node.receive(B, term(3), chunk(meta, 0, "xxxxxxxx"));
  const auto begun = stepOf<BeginSnapshot>(node.last());
  ASSERT_TRUE(begun.has_value());
  node.step(SnapshotChunkWritten{begun->reception, 8});
  EXPECT_FALSE(stepOf<CommitSnapshot>(node.last()).has_value())
      << "4 and 5 are still on their way to the store";
  node.receive(B, term(3), AppendRequest{at(5), term(3), entries(6, {3}), at(0)});
  EXPECT_EQ(node.status().lastIndex, at(5)) << "nothing is added to a log that will be dropped";
  node.timeOut();
  EXPECT_EQ(node.status().role, Role::Follower) << "nor does one campaign with it";
  node.persist();
  ASSERT_TRUE(stepOf<CommitSnapshot>(node.last()).has_value());
  node.step(SnapshotStored{begun->reception});
  EXPECT_EQ(node.status().lastIndex, at(60));
}

TEST(SnapshotReceive, S066_RestoredNodeHasTheConfigurationOfTheSnapshotAndThenOfTheLog) {
  InitialState state = stateOf(A, abc, {}, inTerm(3));
  state.entries.clear();
  state.snapshot = SnapshotMeta{at(60), term(3), shared(configurationOf({A, B, C, D})), at(55), 8, 1};
  for (std::uint64_t i = 61; i <= 64; ++i) state.entries.push_back(entry(i, 3));
  state.entries.push_back(Entry{at(65), term(3), shared(configurationOf({A, B, C, D, E}))});
  SoloNode node(state);
  EXPECT_EQ(node.status().configurationIndex, at(65)) << "the newest in the log is in force";
  EXPECT_TRUE(node.raft().configuration().contains(E));
  node.receive(B, term(4), AppendRequest{at(64), term(3), entries(65, {4}), at(60)});
  EXPECT_EQ(node.status().configurationIndex, at(55)) << "taken back, the snapshot's is in force";
  EXPECT_EQ(node.raft().configuration(), configurationOf({A, B, C, D}));
}

TEST(SnapshotReceive, S066_InstalledSnapshotBringsItsConfiguration) {
  SoloNode node(stateOf(A, abc, {}, inTerm(3)));
  SnapshotMeta meta = snapshotAt(60, 3);
  meta.configuration = shared(configurationOf({A, B, C, D}));
  meta.configurationIndex = at(55);
  install(node, B, term(3), meta);
  EXPECT_EQ(node.status().configurationIndex, at(55));
  EXPECT_TRUE(node.raft().configuration().isVoter(D));
  const Configuration five = configurationOf({A, B, C, D, E});
  std::vector<Entry> list = entries(61, {3, 3, 3, 3});
  list.push_back(Entry{at(65), term(3), shared(five)});
  node.receive(B, term(3), AppendRequest{at(60), term(3), std::move(list), at(60)});
  EXPECT_EQ(node.raft().configuration(), five);
  EXPECT_EQ(node.status().configurationIndex, at(65));
}

}  // namespace
}  // namespace clusterkit::raft::test
