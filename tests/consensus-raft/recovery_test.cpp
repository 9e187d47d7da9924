// A cluster that lost its majority goes on with one survivor: scenario 83, and a sole voter that lost its
// tail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recovery.hpp"
#include "support/builders.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// The survivor's store after the recovery was written.
InitialState after(InitialState state, const Recovery& recovery) {
  state.hard = recovery.hard;
  state.entries.insert(state.entries.end(), recovery.entries.begin(), recovery.entries.end());
  state.repairing = false;
  return state;
}

TEST(Recovery, S083_TheSurvivorKeepsItsWholeLogAndIsTheOnlyVoterInANewTerm) {
  const InitialState survivor = stateOf(A, abc, {1, 2, 2}, {term(5), B, at(2)});
  const Recovery recovery = recoverAsSoleVoter(survivor, bytes("recovered"));
  EXPECT_EQ(recovery.hard, (HardState{term(6), MemberId{}, at(2)}));
  ASSERT_EQ(recovery.entries.size(), 2u);
  EXPECT_EQ(recovery.entries[0].index, at(5));
  EXPECT_EQ(recovery.entries[0].term, term(6));
  const Configuration& alone = *recovery.entries[0].configuration();
  EXPECT_EQ(alone.voters(), std::vector<MemberId>{A});
  EXPECT_THAT(alone.removed, testing::UnorderedElementsAre(B, C));
  EXPECT_TRUE(alone.isWellFormed());
  EXPECT_EQ(recovery.entries[1].command(), "recovered");
  EXPECT_EQ(*recovery.replaced, abc);
}

TEST(Recovery, S083_ItStartsLeadsAloneAndCommitsWhatItHad) {
  InitialState survivor = stateOf(A, abc, {1, 2, 2}, {term(5), B, at(2)});
  survivor = after(survivor, recoverAsSoleVoter(survivor, bytes("recovered")));
  SoloNode node(std::move(survivor));
  EXPECT_EQ(node.raft().role(), Role::Leader);
  EXPECT_EQ(node.raft().status().commitIndex, at(7)) << "its own empty entry comes behind the command";
}

TEST(Recovery, AnAppendedButUncommittedConfigurationIsTheOneThatIsReplaced) {
  InitialState survivor = stateOf(A, configurationOf({A, B}), {1});
  survivor.entries.push_back({at(3), term(1), shared(abc)});
  const Recovery recovery = recoverAsSoleVoter(survivor, bytes("x"));
  EXPECT_THAT(recovery.entries[0].configuration()->removed, testing::UnorderedElementsAre(B, C));
}

TEST(Recovery, ALearnerCanBeTheSurvivor) {
  const Recovery recovery = recoverAsSoleVoter(stateOf(C, configurationOf({A, B}, {C}), {1}), bytes("x"));
  EXPECT_EQ(recovery.entries[0].configuration()->voters(), std::vector<MemberId>{C});
}

TEST(Recovery, EarlierTombstonesStay) {
  Configuration before = configurationOf({A, B});
  before.removed = {D};
  const Recovery recovery = recoverAsSoleVoter(stateOf(A, before, {1}), bytes("x"));
  EXPECT_THAT(recovery.entries[0].configuration()->removed, testing::ElementsAre(D, B));
}

TEST(Recovery, S046_WhatARepairingStoreHadAcknowledgedIsPassedWithEmptyEntries) {
  InitialState survivor = stateOf(A, configurationOf({A}), {1, 1}, {term(1), A, at(3)});
  survivor.repairing = true;
  survivor.highWater = at(9);
  const Recovery recovery = recoverAsSoleVoter(survivor, bytes("recovered"));
  ASSERT_EQ(recovery.entries.size(), 7u);
  EXPECT_EQ(recovery.entries.front().index, at(4));
  EXPECT_TRUE(std::holds_alternative<NoOp>(recovery.entries[4].payload));
  EXPECT_EQ(recovery.entries[5].index, at(9));
  EXPECT_TRUE(recovery.entries[5].isConfiguration());
}

TEST(Recovery, WhatCannotBeRecoveredIsRefused) {
  InitialState nothing;
  nothing.cluster = theCluster;
  nothing.self = A;
  nothing.hard.term = term(3);
  EXPECT_THROW(recoverAsSoleVoter(nothing, bytes("x")), NotRecoverable) << "neither log nor snapshot";
  EXPECT_THROW(recoverAsSoleVoter(stateOf(D, abc, {1}), bytes("x")), NotRecoverable) << "a stranger";
  InitialState far = stateOf(A, abc, {1});
  far.highWater = at(5'000'000);
  EXPECT_THROW(recoverAsSoleVoter(far, bytes("x")), NotRecoverable) << "nearly all is lost";
}

}  // namespace
}  // namespace clusterkit::raft::test
