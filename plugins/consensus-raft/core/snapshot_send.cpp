// Own snapshots: asking for them, cutting the log behind them, and sending them to followers that are too far
// behind (chapter 5). Chunks go one at a time; every answer names the offset to go on from.
#include <algorithm>
#include <utility>

#include "invariant.hpp"
#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {
namespace {

constexpr int retryAfterTimeouts = 10;  // a snapshot that could not be written is asked for again after this

}  // namespace

void Raft::maybeTakeSnapshot() {
  // Exactly this index: nothing may be on its way to the state machine.
  if (takingSnapshot_ || restoring_ || incoming_ || handedOut_ != applied_ || now_ < snapshotRetryAt_) return;
  if (applied_ <= snapshot_.index) return;
  const std::uint64_t entries = applied_.value - snapshot_.index.value;
  const std::uint64_t bytes = log_.bytesAfter(snapshot_.index) - log_.bytesAfter(applied_);
  const bool doubted = snapshot_.index && snapshot_.index == doubted_;
  if (entries < options_.snapshotEntries && bytes < options_.snapshotBytes && !doubted) return;
  const auto& item =
      configurations_.asOf(planted(Defect::SnapshotHasNewestConfiguration) ? log_.lastIndex() : applied_);
  takingSnapshot_ = true;
  SnapshotMeta meta;
  meta.index = applied_;
  meta.term = *log_.termAt(applied_);
  meta.configuration = item.configuration;
  meta.configurationIndex = item.index;
  ready_.takeSnapshot = std::move(meta);
}

void Raft::on(const SnapshotNotWritten&) {
  takingSnapshot_ = false;
  snapshotRetryAt_ = now_ + retryAfterTimeouts * options_.electionTimeout;
}

void Raft::on(const SnapshotWritten& event) {
  takingSnapshot_ = false;
  if (event.meta.index <= snapshot_.index) return;  // one from the leader came first
  ensure(event.meta.index <= applied_, "SnapshotOfAppliedStateOnly", [&] {
    return "snapshot " + std::to_string(event.meta.index.value) + ", applied " +
           std::to_string(applied_.value);
  });
  const auto& item = configurations_.asOf(event.meta.index);
  snapshot_ = event.meta;
  snapshot_.term = *log_.termAt(event.meta.index);
  snapshot_.configuration = item.configuration;
  snapshot_.configurationIndex = item.index;
  compactLog();
}

// Some entries stay for followers that are a little late, and all that a follower who is being sent an older
// snapshot will need next, unless that would keep too much in memory.
void Raft::compactLog() {
  const LogIndex newest = snapshot_.index;
  LogIndex to{newest.value - std::min(newest.value, options_.trailingEntries)};
  if (const LeaderState* leader = leading()) {
    for (const auto& [member, progress] : leader->progress) {
      if (progress.snapshot) to = std::min(to, progress.snapshot->meta.index);
    }
  }
  if (log_.bytesAfter(to) - log_.bytesAfter(newest) > options_.snapshotBytes) to = newest;
  if (planted(Defect::LogCutBeyondTheSnapshot)) to = applied_;
  if (to <= log_.baseIndex()) return;
  log_.compactTo(to);
  configurations_.compactTo(to);
  ready_.compactTo = to;
}

void Raft::beginSnapshot(MemberId member, Progress& progress) {
  ensure(snapshot_.index >= log_.baseIndex() && snapshot_.index, "CompactedLogHasASnapshot",
         [&] { return "base " + std::to_string(log_.baseIndex().value); });
  progress.becomeProbe(progress.nextIndex);
  progress.state = ProgressState::Snapshot;
  progress.snapshot = OutgoingSnapshot{snapshot_, 0, OutgoingSnapshot::Wait::Read, now_};
  readChunk(member, *progress.snapshot);
}

void Raft::readChunk(MemberId member, OutgoingSnapshot& snapshot) {
  snapshot.wait = OutgoingSnapshot::Wait::Read;
  snapshot.since = now_;
  ready_.snapshotReads.push_back({member, snapshot.meta.index, snapshot.offset, options_.snapshotChunkBytes});
}

void Raft::on(const SnapshotBytesRead& event) {
  Progress* progress = follower(event.to);
  if (progress == nullptr || !progress->snapshot || progress->snapshot->wait != OutgoingSnapshot::Wait::Read)
    return;
  OutgoingSnapshot& outgoing = *progress->snapshot;
  if (event.meta.index < outgoing.meta.index) return;  // of an earlier request
  if (event.meta.index > outgoing.meta.index) outgoing.offset = 0;
  const SnapshotMeta known = std::exchange(outgoing.meta, event.meta);
  if (event.meta.index == known.index) {
    outgoing.meta.configuration = known.configuration;
    outgoing.meta.configurationIndex = known.configurationIndex;
    outgoing.meta.term = known.term;
  }
  if (event.offset != outgoing.offset) {
    readChunk(event.to, outgoing);
    return;
  }
  outgoing.wait = OutgoingSnapshot::Wait::Reply;
  outgoing.since = now_;
  send(event.to, SnapshotChunk{outgoing.meta, outgoing.offset, event.bytes});
}

void Raft::on(const SnapshotReadFailed& event) {
  Progress* progress = follower(event.to);
  if (progress == nullptr || !progress->snapshot) return;
  progress->snapshot->wait = OutgoingSnapshot::Wait::Retry;
  progress->snapshot->since = now_;
}

// A lost chunk or answer: the same bytes again. After a failure the newest snapshot, for the one before may
// be what was wrong.
void Raft::tickSnapshots() {
  LeaderState* leader = leading();
  if (leader == nullptr) return;
  for (auto& [member, progress] : leader->progress) {
    if (!progress.snapshot || progress.snapshot->wait == OutgoingSnapshot::Wait::Read) continue;
    OutgoingSnapshot& outgoing = *progress.snapshot;
    if (now_ - outgoing.since < options_.electionTimeout) continue;
    if (outgoing.wait == OutgoingSnapshot::Wait::Retry && outgoing.meta.index < snapshot_.index) {
      outgoing.meta = snapshot_;
      outgoing.offset = 0;
    }
    readChunk(member, outgoing);
  }
}

void Raft::on(MemberId from, const SnapshotReply& reply, const Message&) {
  Progress* progress = follower(from);
  if (progress == nullptr || !progress->snapshot || reply.index != progress->snapshot->meta.index) return;
  OutgoingSnapshot& outgoing = *progress->snapshot;
  switch (reply.progress) {
    case SnapshotProgress::UpToDate: finishSnapshotTo(*progress, reply); break;
    case SnapshotProgress::Failed:
      outgoing.offset = 0;
      outgoing.wait = OutgoingSnapshot::Wait::Retry;
      outgoing.since = now_;
      if (reply.nextOffset > 0 && reply.nextOffset >= outgoing.meta.totalSize)
        doubtSnapshot(outgoing.meta.index);
      return;
    case SnapshotProgress::Partial:
      if (outgoing.wait != OutgoingSnapshot::Wait::Reply || reply.nextOffset == outgoing.offset) return;
      if (reply.nextOffset > outgoing.meta.totalSize) {
        ++counters_.impossible;
        return;
      }
      outgoing.offset = reply.nextOffset;
      readChunk(from, outgoing);
      return;
  }
  leaderCommit();
  if (Progress* still = follower(from)) replicateTo(from, *still, Hint::Always);
}

// It arrived whole and was refused, so it may be damaged on this disk, where the next start would find that
// out. Until then only a newer one lets the follower in; without other work a no-op makes room for it.
void Raft::doubtSnapshot(LogIndex index) {
  if (index != snapshot_.index || index == doubted_) return;
  doubted_ = index;
  ready_.alarms.push_back(Alarm::SnapshotRefused);
  if (log_.lastIndex() == index) appendOwn(NoOp{});
  broadcast();
  maybeTakeSnapshot();
}

void Raft::finishSnapshotTo(Progress& progress, const SnapshotReply& reply) {
  if (reply.match > log_.lastIndex()) {
    ++counters_.impossible;
    return;
  }
  const LogIndex agreed = std::max(reply.index, reply.match);
  progress.matchIndex = std::max(progress.matchIndex, reply.match);
  progress.becomeProbe(next(agreed));
}

bool Raft::isSendingSnapshot() const {
  const LeaderState* leader = leading();
  return leader != nullptr && std::any_of(leader->progress.begin(), leader->progress.end(),
                                          [](const auto& item) { return item.second.snapshot.has_value(); });
}

}  // namespace clusterkit::raft
