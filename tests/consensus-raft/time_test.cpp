// Clocks and processes that stand still: scenarios 92, 93, 96 and 107.
#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()

// The wall clock may jump as it likes: no event carries one, so nothing in the core can depend on it.
static_assert(std::is_same_v<decltype(Tick::now), MonotonicTime>);

TEST(Time, S092_DriftingClocksChangeNoLeaderAndDelayNoRead) {
  SimCluster cluster(92, {A, B, C});
  cluster.node(A).clockDrift = 500;
  cluster.node(B).clockDrift = -500;
  const MemberId leader = cluster.awaitLeader();
  const Term before = cluster.highestTerm();
  for (int minute = 0; minute < 10; ++minute) {
    cluster.runFor(std::chrono::minutes(1));
    ASSERT_EQ(cluster.await(cluster.propose(leader, "w" + std::to_string(minute)), 100ms), OutcomeCode::Ok);
    for (MemberId id : cluster.members())
      EXPECT_EQ(cluster.await(cluster.barrier(id), 200ms), OutcomeCode::Ok);
  }
  EXPECT_EQ(cluster.leader(), leader);
  EXPECT_EQ(cluster.highestTerm(), before);
  cluster.expectConverged();
}

TEST(Time, S092_ClocksOfVeryUnequalPaceCostOnlyElections) {
  SimCluster cluster(192, {A, B, C});
  cluster.node(A).clockDrift = 200'000;
  cluster.node(B).clockDrift = -200'000;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(cluster.commitSomething());
    cluster.runFor(1s);
    cluster.barrier(A);
    cluster.barrier(B);
  }
  cluster.expectConverged();
}

// What a local read says of its age, and a new leader of the one before.
TEST(Time, TheLastContactIsThatWithALeaderOrOfALeaderWithAMajority) {
  SimCluster cluster(97, {A, B, C});
  cluster.elect(A);
  cluster.runFor(1s);
  const auto contact = [&](MemberId member) { return cluster.node(member).status().contactAt; };
  EXPECT_GT(contact(B), MonotonicTime{});
  cluster.isolate(A);
  cluster.runFor(20ms);  // what was on its way arrives
  const MonotonicTime alone = contact(A);
  cluster.runFor(100ms);
  ASSERT_EQ(cluster.node(A).status().role, Role::Leader);
  EXPECT_EQ(contact(A), alone) << "not a moment longer than somebody answers";
  cluster.runFor(5s);
  ASSERT_NE(cluster.node(A).status().role, Role::Leader);
  EXPECT_EQ(contact(A), alone) << "a leader that steps down keeps what it had";
  EXPECT_GT(contact(B), alone) << "those who go on have contact with each other";
  cluster.restart(A);
  EXPECT_EQ(contact(A), MonotonicTime{}) << "never in this run";
}

// There are no leases: a read needs a round of answers, so a restarted follower has made no promise that it
// could forget, and may vote at once. No read is stale for it.
TEST(Time, S093_RestartedFollowerMayVoteAtOnceBecauseNoReadRestsOnALease) {
  SimCluster cluster(93, {A, B, C});
  cluster.elect(A);
  cluster.expectConverged();
  ASSERT_EQ(cluster.await(cluster.barrier(A)), OutcomeCode::Ok);  // B and C have just answered a round
  cluster.isolate(A);
  cluster.restart(B);
  cluster.restart(C);
  // As early as possible: an order to campaign instead of a timeout.
  cluster.step(C, Receive{A, Message{theCluster, A, C, cluster.highestTerm(), at(1), TimeoutNow{}}});
  cluster.step(C, Receive{A, Message{theCluster, A, C, cluster.highestTerm(), at(1), Heartbeat{}}});
  cluster.step(C, Receive{A, Message{theCluster, A, C, cluster.highestTerm(), at(1), TimeoutNow{}}});
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(C).status().role == Role::Leader; }, timeout / 2))
      << "B votes before the time of a lease has passed";
  ASSERT_EQ(cluster.node(A).status().role, Role::Leader) << "which does not know it yet";
  const Handle write = cluster.propose(C, "set x new");
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.isOk(write); }, 50ms));
  const Handle read = cluster.barrier(A);
  cluster.runFor(100ms);
  EXPECT_FALSE(cluster.hasEnded(read)) << "it would be stale";
  cluster.heal();
  EXPECT_EQ(cluster.await(read), OutcomeCode::Unavailable);
}

// The expiry of a registration is a command like any other, proposed by the leader: what one proposes that
// has stood still while another was elected is never applied, so it expires nothing that was renewed since.
TEST(Time, S096_LeaderThatWakesUpLateExpiresNothing) {
  SimCluster cluster(96, {A, B, C});
  cluster.elect(A);
  ASSERT_EQ(cluster.await(cluster.propose(A, "set service up")), OutcomeCode::Ok);
  cluster.expectConverged();
  cluster.pause(A);
  const Handle expiry = cluster.propose(A, "delete service");  // what it does first when it wakes
  cluster.runFor(10 * timeout);
  const MemberId present = cluster.node(B).status().role == Role::Leader ? B : C;
  ASSERT_EQ(cluster.await(cluster.propose(present, "set service renewed")), OutcomeCode::Ok);
  cluster.resume(A);
  EXPECT_NE(cluster.await(expiry), OutcomeCode::Ok);
  cluster.expectConverged();
  for (MemberId id : cluster.members()) EXPECT_EQ(cluster.node(id).values().at("service"), "renewed");
}

TEST(Proposals, S107_OverwrittenProposalEndsAsUnknownAsSoonAsTheNewLeaderIsHeard) {
  SimCluster cluster(107, {A, B, C});
  cluster.elect(A);
  cluster.expectConverged();
  cluster.network().filter = [](const Message& m) {  // its appends are lost, it still counts as heard
    return m.from != A || !std::holds_alternative<AppendRequest>(m.body);
  };
  const Handle write = cluster.propose(A, "lost");
  cluster.runFor(20ms);
  cluster.step(B, Receive{A, Message{theCluster, A, B, cluster.highestTerm(), at(1), TimeoutNow{}}});
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(B).status().role == Role::Leader; }, 100ms));
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.hasEnded(write); }, 50ms));
  EXPECT_EQ(cluster.outcome(write)->code, OutcomeCode::Unknown) << "it might have been taken over";
  cluster.network().filter = nullptr;
  cluster.expectConverged();
  const auto commands = cluster.node(A).commands();
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "lost"), 0);
}

TEST(Proposals, S107_ProposalOfALeaderThatIsCutOffEndsWithinItsCheckOfTheQuorum) {
  SimCluster cluster(108, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.isolate(leader);
  const Handle write = cluster.propose(leader, "lost");
  EXPECT_EQ(cluster.await(write, timeout + 55ms), OutcomeCode::Unknown);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() && cluster.leader() != leader; }));
  cluster.heal();
  EXPECT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  const auto commands = cluster.node(leader).commands();
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "lost"), 0) << "overwritten";
}

// A committed, applied nothing of it, and was deposed.
Handle commitWithoutApplying(SimCluster& cluster) {
  cluster.elect(A);
  cluster.expectConverged();
  cluster.node(A).applyPaused = true;
  const Handle write = cluster.propose(A, "kept");
  const LogIndex index = cluster.node(A).status().lastIndex;
  EXPECT_TRUE(cluster.runUntil([&] { return cluster.node(A).status().commitIndex >= index; }));
  cluster.isolate(A);
  EXPECT_TRUE(cluster.runUntil([&] { return cluster.node(A).status().role != Role::Leader; }));
  return write;
}

TEST(Proposals, S107_CommittedProposalOfADeposedLeaderIsStillOkWhenItIsApplied) {
  SimCluster cluster(109, {A, B, C});
  const Handle write = commitWithoutApplying(cluster);
  EXPECT_FALSE(cluster.hasEnded(write));
  cluster.node(A).resumeApply(cluster.now());
  EXPECT_EQ(cluster.await(write), OutcomeCode::Ok);
}

// The others have cut the log behind a snapshot, so the entry itself never comes back to who proposed it
// (willemt/raft#130).
TEST(Proposals, S107_CommittedProposalThatASnapshotCoversIsStillOkOnce) {
  Options options = testOptions();
  options.snapshotEntries = 5;
  SimCluster cluster(110, {A, B, C}, options);
  const Handle write = commitWithoutApplying(cluster);
  const LogIndex index = cluster.node(A).status().lastIndex;
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(cluster.commitSomething());
  ASSERT_TRUE(
      cluster.runUntil([&] { return cluster.node(cluster.leader()).status().firstIndex > next(index); }));
  EXPECT_FALSE(cluster.hasEnded(write));
  cluster.heal();
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(A).restores() == 1; }));
  EXPECT_EQ(cluster.await(write, 10ms), OutcomeCode::Ok);
  EXPECT_EQ(cluster.outcome(write)->index, index);
  cluster.node(A).resumeApply(cluster.now());
  cluster.expectConverged();  // a second outcome would be a failure, and so would a second "kept"
  const auto commands = cluster.node(A).commands();
  EXPECT_EQ(std::count(commands.begin(), commands.end(), "kept"), 1);
}

}  // namespace
}  // namespace clusterkit::raft::test
