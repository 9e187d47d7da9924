// What is committed (3.6), and handing it to the state machine.
#include <algorithm>
#include <utility>

#include "invariant.hpp"
#include "planted.hpp"
#include "quorum.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

// Only an entry of the own term commits by counting; older ones commit with it (3.6.2, Figure 3.7). The
// leader counts itself by what is durable, not by what it has written.
void Raft::leaderCommit() {
  const LogIndex reached = quorumIndex(configuration(), [this](MemberId id) {
    if (id == self_)
      return planted(Defect::LeaderCountsUnsynced) ? log_.lastIndex() : durability_.durableIndex();
    const Progress* progress = progressOf(id);
    return progress == nullptr ? LogIndex{} : progress->matchIndex;
  });
  if (reached <= commit_) return;
  if (log_.termAt(reached) != term_ && !planted(Defect::OldTermCommitsByCount)) return;
  const LogIndex before = commit_;
  advanceCommit(reached);
  if (!isLeader()) return;
  announceCommit(before);
  startReadRound();
}

// A change of members is told at once: others wait for it.
void Raft::announceCommit(LogIndex before) {
  CommitNews& news = leading()->news;
  if (configurations_.latestIndex() > before) {
    news.release();
  } else if (news.holdsBack(now_, options_.commitNewsPatience)) {
    return;
  }
  broadcast();
}

void Raft::advanceCommit(LogIndex to) {
  if (to <= commit_) return;
  ensure(to <= log_.lastIndex(), "CommitWithinLog", [&] {
    return "commit " + std::to_string(to.value) + ", last " + std::to_string(log_.lastIndex().value);
  });
  const LogIndex before = std::exchange(commit_, to);
  if (configurations_.latestIndex() > before && configurations_.latestIndex() <= to) configurationCommitted();
  leaveJointWhenCommitted();
  dropOvertaken();
}

// Only what is durable here too is applied, or a crash could take back what the state machine has seen
// (etcd#10508).
void Raft::handOut() {
  if (restoring_) return;
  const LogIndex limit =
      planted(Defect::AppliesUnsynced) ? commit_ : std::min(commit_, durability_.durableIndex());
  if (handedOut_ >= limit) return;
  const std::uint64_t out = log_.bytesAfter(applied_) - log_.bytesAfter(handedOut_);
  if (handedOut_ > applied_ && out >= options_.maxApplyBytes) return;
  auto entries =
      log_.slice(next(handedOut_), limit, options_.maxApplyBytes - std::min(out, options_.maxApplyBytes));
  handedOut_ = entries.back().index;
  ready_.committed = std::move(entries);
}

void Raft::on(const Applied& event) {
  if (restoring_ || event.index <= applied_) return;  // of entries that a snapshot has replaced
  ensure(event.index <= handedOut_, "OnlyCommittedEntriesAreApplied", [&] {
    return "applied " + std::to_string(event.index.value) + ", handed out " +
           std::to_string(handedOut_.value);
  });
  applied_ = event.index;
  resolveApplied();
  maybeTakeSnapshot();
}

void Raft::resolveApplied() {
  while (!proposals_.empty() && proposals_.front().index <= applied_) {
    finish(proposals_.front().handle, OutcomeCode::Ok, proposals_.front().index);
    proposals_.pop_front();
  }
  while (!confirmedReads_.empty() && confirmedReads_.begin()->first <= applied_) {
    finish(confirmedReads_.begin()->second.handle, OutcomeCode::Ok, confirmedReads_.begin()->first);
    confirmedReads_.erase(confirmedReads_.begin());
  }
}

}  // namespace clusterkit::raft
