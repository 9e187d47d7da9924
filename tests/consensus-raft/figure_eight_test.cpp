// Figure 3.7 of the dissertation (Figure 8 of the paper), each of its ends in one run: scenario 25. A is S1
// and E is S5. Each leader appends an empty entry when it is elected; these are the figure's entries.
#include <gtest/gtest.h>

#include <set>

#include "support/sim_cluster.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abcde = configurationOf({A, B, C, D, E});

// One entry in each append, so that the old leader's is sent before the new one's.
Options oneEntryAtATime() {
  Options options = testOptions();
  options.maxAppendBytes = 1;
  return options;
}

constexpr Term noTerm{UINT64_MAX};

class FigureEight : public testing::Test {
 protected:
  FigureEight() {
    for (MemberId id : {A, B, C, D, E}) cluster.addWithLog(id, abcde, {});
    cluster.network().filter = [this](const Message& m) { return passes(m); };
  }

  // Appends of a term whose entries must not arrive arrive without them.
  bool passes(const Message& m) {
    if (std::holds_alternative<PreVoteRequest>(m.body)) return m.from == mayCampaign;
    const auto* append = std::get_if<AppendRequest>(&m.body);
    if (append == nullptr) return true;
    if (!mayReceive.contains(m.to)) return false;
    if (append->entries.empty() || append->entries.back().term < withoutEntriesOf) return true;
    AppendRequest empty = *append;
    empty.entries.clear();
    Message replaced = m;
    replaced.body = empty;
    cluster.network().inject(cluster.now() + 1ms, replaced);
    return false;
  }
  // Only this one campaigns, and its appends reach only these.
  void lead(MemberId id, std::uint64_t inTerm, std::set<MemberId> reached) {
    mayCampaign = id;
    mayReceive = std::move(reached);
    ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == id; })) << cluster.describe();
    ASSERT_EQ(cluster.node(id).raft().term(), term(inTerm));
  }
  // (a) A leads term 2 and has its entry on itself and B. (b) E leads term 3 by the votes of C and D, and has
  // its entry on itself only. Then A is back.
  void beginWithTwoLeaders() {
    lead(A, 2, {B});
    ASSERT_TRUE(cluster.runUntil([&] { return holds(A, 2, 2) && holds(B, 2, 2); }));
    cluster.crash(A);
    lead(E, 3, {});
    ASSERT_TRUE(cluster.runUntil([&] { return holds(E, 2, 3); }));
    expectNothingIsCommitted();
    cluster.crash(E);
    cluster.restart(A);
  }
  // On disk, so that no loss of power takes it away.
  bool holds(MemberId id, std::uint64_t index, std::uint64_t ofTerm) {
    return cluster.node(id).disk().durable().holds(at(index), term(ofTerm));
  }
  LogIndex matchOf(MemberId follower) {
    return cluster.node(cluster.leader()).raft().progressOf(follower)->matchIndex;
  }
  void expectNothingIsCommitted() {
    for (MemberId id : cluster.upMembers()) {
      EXPECT_EQ(cluster.node(id).status().commitIndex, at(0)) << "member " << id.value;
      EXPECT_EQ(cluster.node(id).appliedIndex(), at(0)) << "member " << id.value;
    }
  }

  SimCluster cluster{25, {}, oneEntryAtATime()};
  MemberId mayCampaign;
  std::set<MemberId> mayReceive;
  Term withoutEntriesOf = noTerm;
};

TEST_F(FigureEight, S025_EntryOfAnOlderTermOnAMajorityIsNotCommittedAndIsOverwritten) {
  beginWithTwoLeaders();
  // (c) A leads term 4; its old entry reaches a majority, the one of its own term nobody.
  withoutEntriesOf = term(4);
  lead(A, 4, {B, C});
  ASSERT_TRUE(cluster.runUntil([&] { return matchOf(B) == at(2) && matchOf(C) == at(2) && holds(A, 3, 4); }))
      << cluster.describe();
  cluster.runFor(2s);
  ASSERT_EQ(cluster.leader(), A);
  for (MemberId id : {A, B, C}) EXPECT_TRUE(holds(id, 2, 2)) << "member " << id.value;
  EXPECT_FALSE(holds(D, 2, 2));
  expectNothingIsCommitted();
  // (d) E leads term 5 by the votes of C and D, and its entry of term 3 replaces the other everywhere.
  for (MemberId id : {A, B}) cluster.crash(id);
  cluster.restart(E);
  withoutEntriesOf = noTerm;
  lead(E, 5, {A, B, C, D});
  cluster.awaitLeader();
  for (MemberId id : {A, B}) cluster.restart(id);
  cluster.expectConverged();
  ASSERT_EQ(cluster.leader(), E);
  for (MemberId id : cluster.members()) {
    EXPECT_TRUE(holds(id, 2, 3)) << "member " << id.value;
    EXPECT_TRUE(holds(id, 3, 5)) << "member " << id.value;
    EXPECT_GE(cluster.node(id).status().commitIndex, at(3)) << "member " << id.value;
  }
}

TEST_F(FigureEight, S025_OldEntryIsCommittedWithOneOfTheLeadersTermAndThenStays) {
  beginWithTwoLeaders();
  // (e) A leads term 4, and its entry of that term reaches a majority too.
  lead(A, 4, {B, C});
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(A).status().commitIndex == at(3); }));
  for (MemberId id : {A, B}) cluster.crash(id);
  cluster.restart(E);
  mayCampaign = E;
  mayReceive = {A, B, C, D, E};
  cluster.runFor(5s);
  EXPECT_EQ(cluster.leader(), MemberId{}) << "C voted for a log that lacks what is committed";
  mayCampaign = C;
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.leader() == C; })) << cluster.describe();
  for (MemberId id : {A, B}) cluster.restart(id);
  cluster.expectConverged();
  for (MemberId id : cluster.members()) EXPECT_TRUE(holds(id, 2, 2)) << "member " << id.value;
}

}  // namespace
}  // namespace clusterkit::raft::test
