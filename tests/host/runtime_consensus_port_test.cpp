#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::self;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ConsensusPortOfNode : ::testing::Test {
  ConsensusPortOfNode() {
    node.startAll();
    node.settle();
    raft = node.consensus.object;
  }
  ~ConsensusPortOfNode() override {
    bool over = false;
    node.stack->stop(1s, [&](StopReport) { over = true; });
    node.scheduler.runUntil([&] { return over; }, 10s);
  }
  ConsensusPort& port() { return node.stack->consensus(); }
  CallHandler note(std::string what) {
    return [this, what](CallOutcome outcome) {
      ended.push_back(what + " " + std::string(name(outcome.status)) +
                      (outcome.index() ? " " + std::to_string(outcome.index().value) : "") +
                      (outcome.leader() ? " leader " + std::to_string(outcome.leader().value) : ""));
    };
  }

  FakeNode node;
  test::FakeConsensus* raft;
  std::vector<std::string> ended;
};

TEST_F(ConsensusPortOfNode, ProposalsOfOneTurnCrossInOneCallAndEndInOrder) {
  node.loop.post([this] {
    for (int i = 0; i < 5; ++i) port().propose("c" + std::to_string(i), note("p" + std::to_string(i)));
    EXPECT_TRUE(node.consensus.proposedCounts.empty()) << "nothing is called before the turn's end";
  });
  node.settle();
  EXPECT_THAT(node.consensus.proposedCounts, ElementsAre(5));
  EXPECT_THAT(node.listener.commands, ElementsAre("c0", "c1", "c2", "c3", "c4"));
  EXPECT_THAT(ended, ElementsAre("p0 ok 10", "p1 ok 11", "p2 ok 12", "p3 ok 13", "p4 ok 14"));
}

TEST_F(ConsensusPortOfNode, AnOutcomeComesOnlyAfterTheListenerHasTakenTheCommand) {
  node.listener.takes = false;
  port().propose("c", note("p"));
  node.settle();
  EXPECT_TRUE(ended.empty());
  node.listener.takes = true;
  port().applied(LogIndex(9));
  node.settle();
  EXPECT_THAT(node.listener.commands, ElementsAre("c"));
  EXPECT_THAT(ended, ElementsAre("p ok 10"));
}

TEST_F(ConsensusPortOfNode, ManyProposalsAreCutIntoBoundedCalls) {
  node.loop.post([this] {
    for (int i = 0; i < 2500; ++i) port().propose("c", note("p"));
  });
  node.settle();
  EXPECT_THAT(node.consensus.proposedCounts, ElementsAre(1024, 1024, 452));
  EXPECT_EQ(ended.size(), 2500U);
}

TEST_F(ConsensusPortOfNode, BarrierChangeAndStepDownHaveTheirOutcomes) {
  port().barrier(note("barrier"));
  port().changeMembers({ChangeKind::AddLearner, {MemberId(20), "b:1", ""}}, note("change"));
  port().stepDown(MemberId(20), note("step down"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("barrier ok 9", "change ok 10", "step down not_leader leader 20"));
  EXPECT_THAT(node.listener.memberCounts, ElementsAre(2));
  EXPECT_THAT(node.transport.peers.back(), ElementsAre(20)) << "members are declared to the transport";
}

TEST_F(ConsensusPortOfNode, WhatIsUnderWayWhenTheConsensusIsPoisonedIsPossiblyDone) {
  node.consensus.commits = false;
  port().propose("c", note("p"));
  node.settle();
  raft->host.fatal(makeError(CK_INTERNAL, "thrown"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("p unknown"));
  port().propose("later", note("later"));
  port().barrier(note("barrier"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("p unknown", "barrier unavailable", "later unavailable"));
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::PluginFailed);
}

TEST_F(ConsensusPortOfNode, AnInvariantThatTheConsensusFoundBrokenHasItsOwnExitCode) {
  raft->host.fatal(makeError(CK_CORRUPT, "commit index beyond the log"));
  node.settle();
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::InvariantBroken);
  EXPECT_THAT(node.fatals[0].first, HasSubstr("commit index beyond the log"));
}

TEST_F(ConsensusPortOfNode, ACommitThatDoesNotRiseStopsTheNode) {
  EXPECT_EQ(raft->commitOne(20, 2, "a"), CK_OK);
  EXPECT_EQ(raft->commitOne(25, 2, "gap is fine"), CK_OK);
  EXPECT_EQ(raft->commitOne(25, 2, "again"), CK_FATAL);
  node.settle();
  EXPECT_THAT(node.listener.commands, ElementsAre("a", "gap is fine"));
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::InvariantBroken);
  EXPECT_THAT(node.fatals[0].first, HasSubstr("committed index 25 after 25"));
}

TEST_F(ConsensusPortOfNode, AnEpochThatFallsStopsTheNode) {
  EXPECT_EQ(raft->commitOne(20, 3, "a"), CK_OK);
  EXPECT_EQ(raft->commitOne(21, 2, "b"), CK_FATAL);
  node.settle();
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::InvariantBroken);
}

TEST_F(ConsensusPortOfNode, RolesAreToldAndTheirEpochMustNotFallEither) {
  raft->upcalls->role(raft->cx, CK_ROLE_CANDIDATE, 4, 0);
  raft->upcalls->role(raft->cx, CK_ROLE_LEADER, 4, self.value);
  EXPECT_THAT(node.listener.roles, ElementsAre("candidate 4", "leader 4"));
  raft->upcalls->role(raft->cx, CK_ROLE_FOLLOWER, 3, 0);
  node.settle();
  EXPECT_EQ(node.listener.roles.size(), 2U);
  EXPECT_EQ(node.fatals.size(), 1U);
}

TEST_F(ConsensusPortOfNode, S115_AnExceptionOfTheCoreDoesNotCrossAndStopsTheNode) {
  node.listener.throws = true;
  EXPECT_EQ(raft->commitOne(20, 2, "a"), CK_INVALID);
  node.settle();
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_THAT(node.fatals[0].first, HasSubstr("the core failed in commit: apply failed"));
}

// Whatever made it fail is over: what follows would still be applied to a state that lacks one entry.
TEST_F(ConsensusPortOfNode, S115_AfterAnEntryThatFailedNoLaterOneReachesTheCore) {
  ASSERT_EQ(raft->commitOne(20, 2, "before"), CK_OK);
  node.listener.throws = true;
  ASSERT_EQ(raft->commitOne(21, 2, "fails"), CK_INVALID);
  node.listener.throws = false;
  EXPECT_NE(raft->commitOne(22, 2, "later, in the same turn"), CK_OK);
  node.settle();
  EXPECT_NE(raft->commitOne(23, 2, "later"), CK_OK);
  EXPECT_NE(raft->commitOne(21, 2, "the same again"), CK_OK);
  node.settle();
  EXPECT_THAT(node.listener.commands, ElementsAre("before"));
  EXPECT_EQ(node.fatals.size(), 1U) << "told once";
}

TEST_F(ConsensusPortOfNode, UpcallsWithBrokenArgumentsAreFaults) {
  EXPECT_EQ(raft->upcalls->commit(raft->cx, nullptr, 1), CK_INVALID);
  const ck_committed entry{20, 2, {nullptr, 4}};
  EXPECT_NE(raft->upcalls->commit(raft->cx, &entry, 1), CK_OK);
  raft->upcalls->role(raft->cx, 99, 1, 0);
  raft->upcalls->members(raft->cx, nullptr, 2, 1);
  raft->upcalls->snapshot(raft->cx, nullptr);
  EXPECT_EQ(raft->upcalls->expect(raft->cx, nullptr, nullptr), 0U);
  raft->upcalls->restore(raft->cx, nullptr, 4711);
  EXPECT_EQ(node.stack->faults(), 7U);
  EXPECT_TRUE(node.listener.commands.empty());
}

TEST_F(ConsensusPortOfNode, UpcallsFromAnotherThreadOfControlAreRefused) {
  SimulatedLoop another(node.scheduler);
  ck_status status = CK_OK;
  another.post([&] { status = raft->commitOne(20, 2, "a"); });
  node.settle();
  EXPECT_EQ(status, CK_INVALID);
  EXPECT_TRUE(node.listener.commands.empty());
}

struct Heard {
  ck_status status = -1;
};
void hear(void* arg, const ck_result* result) noexcept { static_cast<Heard*>(arg)->status = result->status; }

TEST_F(ConsensusPortOfNode, ARestoreIsAnsweredByTheListenerAndMovesTheCommitFloor) {
  Heard heard;
  ck_snap_meta meta{};
  meta.size = sizeof meta;
  meta.index = 30;
  raft->upcalls->restore(raft->cx, &meta, raft->upcalls->expect(raft->cx, hear, &heard));
  ASSERT_EQ(node.listener.restores.size(), 1U);
  EXPECT_EQ(node.listener.restores[0].first.index, LogIndex(30));
  node.settle();
  EXPECT_EQ(heard.status, -1);
  node.listener.restores[0].second({});
  node.settle();
  EXPECT_EQ(heard.status, CK_OK);
  EXPECT_EQ(raft->commitOne(30, 2, "older"), CK_FATAL);
}

TEST_F(ConsensusPortOfNode, AnOlderSnapshotNeverReplacesTheState) {
  ASSERT_EQ(raft->commitOne(40, 2, "a"), CK_OK);
  Heard heard;
  ck_snap_meta meta{};
  meta.size = sizeof meta;
  meta.index = 30;
  raft->upcalls->restore(raft->cx, &meta, raft->upcalls->expect(raft->cx, hear, &heard));
  node.settle();
  EXPECT_TRUE(node.listener.restores.empty());
  EXPECT_EQ(node.fatals.size(), 1U);
}

TEST_F(ConsensusPortOfNode, ASnapshotIsAskedForAndCompactedAfterwards) {
  ck_snap_meta meta{};
  meta.size = sizeof meta;
  meta.index = 9;
  meta.config = span("members");
  raft->upcalls->snapshot(raft->cx, &meta);
  ASSERT_EQ(node.listener.snapshots.size(), 1U);
  EXPECT_EQ(node.listener.snapshots[0].config, "members");
  port().compact(node.listener.snapshots[0]);
  EXPECT_EQ(node.journal.back(), "compact 9");
}

TEST_F(ConsensusPortOfNode, StatusHoldsTheProgressOfEveryMember) {
  const Result<ConsensusStatus> status = port().status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status.value().role, Role::Leader);
  EXPECT_EQ(status.value().leader, self);
  EXPECT_EQ(status.value().commitIndex, LogIndex(9));
  EXPECT_FALSE(status.value().electedAt);
  ASSERT_EQ(status.value().progress.size(), 20U);
  EXPECT_EQ(status.value().progress[19].member, MemberId(119));
  EXPECT_TRUE(status.value().progress[19].active);
}

}  // namespace
}  // namespace clusterkit
