// The follower's side of replication (3.5): what it stores, and what it may claim.
#include <algorithm>

#include "invariant.hpp"
#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

void Raft::on(MemberId from, const AppendRequest& request, const Message& message) {
  heedLeader(from);
  if (logIsBeingReplaced()) return;
  if (!isPlausible(request, message.term)) {
    ++counters_.impossible;
    return;
  }
  leaderCommit_ = std::max(leaderCommit_, request.commit);
  const LogIndex last = plus(request.prevIndex, request.entries.size());
  const bool coveredBySnapshot = request.prevIndex < log_.baseIndex();
  if (!coveredBySnapshot && !log_.matches(request.prevIndex, request.prevTerm)) {
    rejectAppend(request);
    return;
  }
  storeEntries(request);
  // What the snapshot covers is committed, so this leader has it too (3.6.3).
  verified_ = std::max({verified_, last, coveredBySnapshot ? log_.baseIndex() : LogIndex{}});
  if (planted(Defect::AckOfTheWholeLog)) verified_ = log_.lastIndex();
  advanceCommit(std::min(request.commit, verified_));
  // News is acknowledged when it is durable; what is already there, or a probe, at once with what is durable
  // now.
  const bool probe = request.entries.empty() && request.answer == Answer::Wanted;
  const bool known = !request.entries.empty() && durability_.durableIndex() >= last;
  if (probe || known || planted(Defect::AckBeyondDurable)) ackDue_ = true;
  checkRepaired();
}

bool Raft::isPlausible(const AppendRequest& request, Term term) const {
  LogIndex index = request.prevIndex;
  Term last = request.prevTerm;
  for (const Entry& entry : request.entries) {
    index = next(index);
    if (entry.index != index || entry.term < last || entry.term > term || !entry.term) return false;
    if (entry.isConfiguration() && (!entry.configuration() || !entry.configuration()->isWellFormed()))
      return false;
    last = entry.term;
  }
  return true;
}

// The hint lets the leader skip whole terms: no agreement is possible where our term is above the one it
// named.
void Raft::rejectAppend(const AppendRequest& request) {
  const LogIndex hint = log_.lastWithTermAtMost(request.prevIndex, request.prevTerm);
  sendWhenDurable(leader_,
                  AppendRejected{request.prevIndex, hint, *log_.termAt(hint), log_.lastIndex(), repairing_});
}

// Keeps what agrees: a delayed append must not cut off what came after it (CCF#6016).
void Raft::storeEntries(const AppendRequest& request) {
  for (const Entry& entry : request.entries) {
    if (entry.index <= log_.baseIndex()) continue;
    const auto present = log_.termAt(entry.index);
    if (present == entry.term && !planted(Defect::TruncatesBelowCommit)) continue;
    if (present) truncateLog(entry.index);
    appendEntry(entry);
  }
  const LogIndex end = plus(request.prevIndex, request.entries.size());
  if (planted(Defect::OldAppendCutsNewerEntries) && end >= log_.baseIndex() && end < log_.lastIndex())
    truncateLog(next(end));
}

void Raft::on(MemberId from, const Heartbeat& request, const Message&) {
  heedLeader(from);
  leaderCommit_ = std::max(leaderCommit_, request.commit);
  advanceCommit(
      std::min(request.commit, planted(Defect::HeartbeatCommitsUnproven) ? log_.lastIndex() : verified_));
  sendWhenDurable(from, HeartbeatReply{request.round, verified_});
  checkRepaired();
}

// An acknowledgement is made when it leaves: min(proven, durable), on every path (yugabyte-db#32875).
void Raft::acknowledge() {
  if (!ackDue_ || !durability_.isDurable(hardStateBatch())) return;
  ackDue_ = false;
  if (isLeader() || !leader_) return;
  acked_ = planted(Defect::AckBeyondDurable) ? verified_ : std::min(verified_, durability_.durableIndex());
  send(leader_, AppendAccepted{acked_});
}

// A node that lost acknowledged entries is whole again when it durably holds everything that its leader has
// committed, up to an entry of the leader's own term, which by leader completeness includes all of the past.
// Acknowledgements of the lost entries may still be under way to a leader of the old term; so in that term it
// must hold all of them again, and so it must when even its term is lost.
void Raft::checkRepaired() {
  if (!repairing_ || !leader_ || isLeader()) return;
  if (planted(Defect::RepairEndsAtFirstContact)) repairing_ = false;
  const bool hasAllCommitted = commit_ >= leaderCommit_ && log_.termAt(commit_) == term_;
  const LogIndex held = std::min(verified_, durability_.durableIndex());
  const bool oldClaimsHold = (repairTerm_ && term_ > repairTerm_) || held >= highWater_;
  if (!hasAllCommitted || held < commit_ || !oldClaimsHold) return;
  repairing_ = false;
  ready_.alarms.push_back(Alarm::MadeWhole);
}

}  // namespace clusterkit::raft
