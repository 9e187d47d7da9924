// The leader's side of replication (3.5): probing, pipelining within a window, heartbeats.
#include <algorithm>

#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

void Raft::broadcast() {
  for (auto& [member, progress] : leading()->progress) replicateTo(member, progress, Hint::OnlyNews);
}

// Sends until there is no news, the window is full, or an answer is needed first.
void Raft::replicateTo(MemberId member, Progress& progress, Hint hint) {
  while (sendAppend(member, progress, hint)) hint = Hint::OnlyNews;
}

// True when another append may follow at once.
bool Raft::sendAppend(MemberId member, Progress& p, Hint hint) {
  if (p.state == ProgressState::Snapshot) return false;
  if (p.state == ProgressState::Probe && p.probeSent) return false;
  const LogIndex prev = previous(p.nextIndex);
  const auto prevTerm = log_.termAt(prev);
  if (!prevTerm) {
    beginSnapshot(member, p);
    return false;
  }
  AppendRequest request{prev, *prevTerm, {}, commit_, Answer::Wanted};
  const bool windowOpen = p.state == ProgressState::Probe || !p.inflight.isFull(options_);
  if (windowOpen) request.entries = log_.slice(p.nextIndex, log_.lastIndex(), options_.maxAppendBytes);
  const bool commitIsNews = p.commitSent < std::min(commit_, prev);
  const bool news = commitIsNews && (hint == Hint::AllNews || !leading()->news.isHeldBack());
  if (request.entries.empty() && !news && hint != Hint::Always) return false;

  const bool onlyCommit = request.entries.empty() && hint != Hint::Always;
  if (onlyCommit && p.state == ProgressState::Replicate) request.answer = Answer::NotNeeded;
  p.commitSent = std::max(p.commitSent, commit_);
  const LogIndex last = plus(prev, request.entries.size());
  const bool more =
      p.state == ProgressState::Replicate && !request.entries.empty() && last < log_.lastIndex();
  if (p.state == ProgressState::Probe) {
    p.probeSent = true;
  } else if (!request.entries.empty()) {
    p.inflight.add(last, log_.bytesAfter(prev) - log_.bytesAfter(last));
    p.nextIndex = next(last);
  }
  send(member, std::move(request));
  return more;
}

void Raft::tickCommitNews() {
  LeaderState* leader = leading();
  if (leader == nullptr || !leader->news.due() || now_ < *leader->news.due()) return;
  leader->news.expired();
  broadcast();
}

void Raft::tickHeartbeat() {
  LeaderState* leader = leading();
  if (leader == nullptr || now_ < leader->nextHeartbeat) return;
  leader->nextHeartbeat = now_ + options_.heartbeatInterval;
  sendHeartbeats();
  for (auto& [member, progress] : leader->progress) {
    if (progress.state != ProgressState::Probe) continue;
    progress.probeSent = false;
    replicateTo(member, progress, Hint::Always);
  }
}

// Beside keeping followers loyal they carry the newest read round, so that a lost one is asked again.
void Raft::sendHeartbeats() {
  for (auto& [member, progress] : leading()->progress) sendHeartbeat(member, progress);
}

void Raft::sendHeartbeat(MemberId member, Progress& progress) {
  send(member, Heartbeat{commit_, leading()->lastRound});
  progress.commitSent = std::max(progress.commitSent, std::min(commit_, progress.matchIndex));
}

void Raft::on(MemberId from, const AppendAccepted& reply, const Message&) {
  Progress* progress = follower(from);
  if (progress == nullptr) return;
  Progress& p = *progress;
  if (reply.match > log_.lastIndex()) {  // match never goes beyond our own log, whatever a peer claims
    ++counters_.impossible;
    return;
  }
  const bool advanced = reply.match > p.matchIndex;
  const bool answersProbe = p.state == ProgressState::Probe && reply.match == p.matchIndex;
  if (advanced || answersProbe) {
    p.matchIndex = reply.match;
    p.nextIndex = std::max(p.nextIndex, next(reply.match));
    p.inflight.freeUpTo(reply.match);
    const bool snapshotNeeded = p.state == ProgressState::Snapshot && !log_.termAt(p.matchIndex);
    if (p.state != ProgressState::Replicate && !snapshotNeeded) {
      p.becomeReplicate();
      p.nextIndex = next(p.matchIndex);
    }
    leaderCommit();
  }
  progress = follower(from);  // a commit may have ended the membership of either of us
  if (progress == nullptr) return;
  replicateTo(from, *progress, Hint::OnlyNews);
  tellTransferTarget();
}

void Raft::on(MemberId from, const AppendRejected& reply, const Message&) {
  Progress* progress = follower(from);
  if (progress == nullptr) return;
  Progress& p = *progress;
  if (reply.repairing && p.matchIndex > reply.lastIndex) {
    p.matchIndex = LogIndex{};  // at once: it must not count for what it has lost
    if (!rewinds(p)) return;
    p.becomeProbe(next(reply.lastIndex));
  } else {
    const bool answersProbe = p.state != ProgressState::Probe || reply.prevIndex == previous(p.nextIndex);
    if (p.state == ProgressState::Snapshot || reply.prevIndex <= p.matchIndex || !answersProbe) return;
    if (!rewinds(p)) return;
    // Skip a whole term at a time: agreement is impossible above the hint, nor where our term is above its
    // term.
    LogIndex agreed = std::min({reply.hintIndex, previous(reply.prevIndex), log_.lastIndex()});
    if (agreed >= log_.baseIndex()) agreed = log_.lastWithTermAtMost(agreed, reply.hintTerm);
    if (agreed == log_.baseIndex() && *log_.termAt(agreed) > reply.hintTerm) agreed = previous(agreed);
    p.becomeProbe(next(std::max(agreed, p.matchIndex)));
  }
  replicateTo(from, p, Hint::Always);
}

// While replicating, a rejection says that an append was lost or overtaken. Those behind it speak of the same
// window: to send that again for each of them would multiply it without end when much is overtaken.
bool Raft::rewinds(Progress& p) {
  if (p.state != ProgressState::Replicate) return true;
  if (now_ < p.nextRewind) return false;
  p.nextRewind = now_ + options_.heartbeatInterval;
  return true;
}

void Raft::on(MemberId from, const HeartbeatReply& reply, const Message&) {
  Progress* progress = follower(from);
  if (progress == nullptr) return;
  Progress& p = *progress;
  LeaderState* leader = leading();
  if (reply.round > leader->lastRound) {
    ++counters_.impossible;
    return;
  }
  if (reply.round > p.ackedRound || planted(Defect::AnyReplyConfirmsReads)) {
    p.ackedRound = planted(Defect::AnyReplyConfirmsReads) ? leader->lastRound : reply.round;
    p.ackedAt = now_;
    confirmReadRounds();
  }
  if (planted(Defect::HeartbeatReplyIsAnAck) && reply.verified > p.matchIndex &&
      reply.verified <= log_.lastIndex()) {
    p.matchIndex = reply.verified;
    leaderCommit();
    return;
  }
  if (p.matchIndex >= log_.lastIndex() && reply.verified >= p.matchIndex) return;
  // Something is missing there, its answer was lost, or it has restarted and does not know that its log
  // agrees: an append finds out, an empty one when the window is full. The window stays full: a follower
  // whose disk stands still goes on answering, and would have to keep in memory what it cannot write.
  if (p.state == ProgressState::Probe) p.probeSent = false;
  replicateTo(from, p, Hint::Always);
}

}  // namespace clusterkit::raft
