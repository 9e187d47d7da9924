// Known defects that a build for tests can plant, one at a time, to show that the tests would notice. In
// every other build planted() is constant false and nothing of them is left. The variable CLUSTERKIT_PLANT
// names the one that is planted in this process; scripts/planted shows how long each lives.
#pragma once

#include <string_view>

#ifdef CLUSTERKIT_PLANTED_DEFECTS
namespace clusterkit {
std::string_view chosenDefect();  // tests/simulation/chosen_defect.cpp
}
#endif

namespace clusterkit::raft {

#define CLUSTERKIT_RAFT_DEFECTS(X)  \
  X(AckBeyondDurable)               \
  X(AckOfTheWholeLog)               \
  X(AgreementOutlivesItsTerm)       \
  X(AnyAnswerForAnyRead)            \
  X(AnyReplyConfirmsReads)          \
  X(AppliesUnsynced)                \
  X(CampaignBeforeSync)             \
  X(ChangeBeforeOwnTermCommits)     \
  X(CommitByOneTooFew)              \
  X(ConfigurationEffectiveAtCommit) \
  X(ConfigurationNotRolledBack)     \
  X(ElectionByHalf)                 \
  X(HeartbeatCommitsUnproven)       \
  X(HeartbeatReplyIsAnAck)          \
  X(LeaderCountsUnsynced)           \
  X(LogCutBeyondTheSnapshot)        \
  X(LongerLogIsNewer)               \
  X(NoCheckQuorum)                  \
  X(NoNoOp)                         \
  X(OldAppendCutsNewerEntries)      \
  X(OldTermCommitsByCount)          \
  X(OldTermsAreObeyed)              \
  X(PreVoteCountsAsVote)            \
  X(ReadBeforeApply)                \
  X(ReadBeforeOwnTermCommits)       \
  X(ReadWithoutARound)              \
  X(RepairEndsAtFirstContact)       \
  X(RepairingNodeVotes)             \
  X(RestartForgetsNewConfiguration) \
  X(SecondChangeWhileOneIsUnderWay) \
  X(SnapshotAckBeyondDurable)       \
  X(SnapshotHasNewestConfiguration) \
  X(SnapshotKeepsConflictingLog)    \
  X(StaleCompletionCounts)          \
  X(TruncatesBelowCommit)           \
  X(UnknownToldAsRefused)           \
  X(VoteBeforeSync)                 \
  X(VoteForStaleLog)                \
  X(VoteForTwo)                     \
  X(VoteNotPersisted)               \
  X(VoteOutlivesItsTerm)

enum class Defect {
#define CLUSTERKIT_DEFECT(name) name,
  CLUSTERKIT_RAFT_DEFECTS(CLUSTERKIT_DEFECT)
#undef CLUSTERKIT_DEFECT
};

#ifdef CLUSTERKIT_PLANTED_DEFECTS
inline bool planted(Defect defect) {
  static const bool chosen[] = {
#define CLUSTERKIT_DEFECT(name) chosenDefect() == #name,
      CLUSTERKIT_RAFT_DEFECTS(CLUSTERKIT_DEFECT)
#undef CLUSTERKIT_DEFECT
  };
  return chosen[static_cast<int>(defect)];
}
#else
constexpr bool planted(Defect) { return false; }
#endif

}  // namespace clusterkit::raft
