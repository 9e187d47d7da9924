// Snapshots from the leader: chunks into the store, then log, configuration and state machine are replaced
// (5.3). Never an older state over a newer one; a log that agrees with the snapshot keeps what comes after
// it.
#include <algorithm>
#include <utility>

#include "invariant.hpp"
#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {
namespace {

bool isSame(const SnapshotMeta& a, const SnapshotMeta& b) {
  return a.index == b.index && a.term == b.term && a.totalSize == b.totalSize && a.checksum == b.checksum;
}

}  // namespace

void Raft::on(MemberId from, const SnapshotChunk& chunk, const Message& message) {
  heedLeader(from);
  const SnapshotMeta& meta = chunk.meta;
  const bool plausible = meta.index && meta.term && meta.term <= message.term && meta.configuration &&
                         meta.configuration->isWellFormed() && meta.configurationIndex <= meta.index &&
                         chunk.bytes.size() <= meta.totalSize &&
                         chunk.offset <= meta.totalSize - chunk.bytes.size();
  if (!plausible) {
    ++counters_.impossible;
    return;
  }
  if (restoring_ || logIsBeingReplaced()) return;
  if (meta.index <= commit_ || log_.matches(meta.index, meta.term)) {
    // Nothing to replace: all of it is here (Log Matching), and committed.
    verified_ = std::max(verified_, meta.index);
    advanceCommit(meta.index);
    dropOvertaken();
    replySnapshot(meta, SnapshotProgress::UpToDate);
    return;
  }
  if (!incoming_ || !isSame(incoming_->meta, meta)) {
    // One leader's snapshots only get newer, so an older one is a late chunk; a new leader may well have an
    // older one.
    if (incoming_ && incoming_->sentIn == term_ && meta.index < incoming_->meta.index) return;
    // One of our own that this very step has asked for gives way: the store writes one at a time.
    if (std::exchange(ready_.takeSnapshot, std::nullopt)) takingSnapshot_ = false;
    lastReception_ = ReceptionId{lastReception_.value + 1};
    incoming_ = IncomingSnapshot{lastReception_, meta, term_, 0, IncomingSnapshot::Phase::Waiting};
    ready_.snapshotSteps.push_back(BeginSnapshot{lastReception_, meta});
  }
  incoming_->sentIn = term_;
  if (incoming_->phase == IncomingSnapshot::Phase::Writing) return;
  if (chunk.offset != incoming_->written || (chunk.bytes.size() == 0 && meta.totalSize > 0)) {
    replySnapshot(meta, SnapshotProgress::Partial);
    return;
  }
  incoming_->phase = IncomingSnapshot::Phase::Writing;
  ready_.snapshotSteps.push_back(WriteSnapshot{incoming_->reception, chunk.offset, chunk.bytes});
}

// The log has brought by now what this snapshot was for, so nobody may ever send the rest of it; and while
// one is being received no own snapshot is taken. What is being written is waited for.
void Raft::dropOvertaken() {
  if (!incoming_ || incoming_->meta.index > commit_) return;
  if (incoming_->phase != IncomingSnapshot::Phase::Waiting) return;
  incoming_.reset();
  ready_.snapshotSteps.emplace_back(std::in_place_type<AbortSnapshot>);
}

void Raft::replySnapshot(const SnapshotMeta& meta, SnapshotProgress progress) {
  if (!leader_ || isLeader()) return;
  const std::uint64_t offset = incoming_ ? incoming_->written : 0;
  const LogIndex match =
      planted(Defect::SnapshotAckBeyondDurable) ? verified_ : std::min(verified_, durability_.durableIndex());
  if (progress == SnapshotProgress::UpToDate) acked_ = std::max(acked_, match);
  sendWhenDurable(leader_, SnapshotReply{meta.index, meta.term, progress, offset, match});
}

// From here on nothing is appended to the log, and nobody campaigns with it.
bool Raft::logIsBeingReplaced() const {
  return incoming_ && incoming_->phase >= IncomingSnapshot::Phase::Whole;
}

// Entries that a full disk or a full queue has held up must not reach the store after the snapshot: they
// would continue a log that is no longer there.
void Raft::commitIncoming() {
  if (!incoming_ || incoming_->phase != IncomingSnapshot::Phase::Whole) return;
  if (durability_.durableIndex() < log_.lastIndex()) return;
  incoming_->phase = IncomingSnapshot::Phase::Committing;
  ready_.snapshotSteps.push_back(CommitSnapshot{incoming_->reception});
}

// Two leaders may send different snapshots of one index, so an index does not say which one was written.
bool Raft::isReceiving(ReceptionId reception, IncomingSnapshot::Phase phase) const {
  return incoming_ && incoming_->reception == reception && incoming_->phase == phase;
}

void Raft::on(const SnapshotChunkWritten& event) {
  if (!isReceiving(event.reception, IncomingSnapshot::Phase::Writing)) return;
  incoming_->written = event.nextOffset;
  if (event.nextOffset >= incoming_->meta.totalSize) {
    incoming_->phase = IncomingSnapshot::Phase::Whole;
    if (running() != nullptr) becomeFollower(term_, MemberId{});  // the log it campaigns with is replaced
    commitIncoming();
    return;
  }
  incoming_->phase = IncomingSnapshot::Phase::Waiting;
  const SnapshotMeta meta = incoming_->meta;
  dropOvertaken();
  replySnapshot(meta, incoming_ ? SnapshotProgress::Partial : SnapshotProgress::UpToDate);
}

void Raft::on(const SnapshotStoreFailed& event) {
  if (!incoming_ || incoming_->reception != event.reception) return;
  // Told as "whole, and refused", which makes the leader doubt its own, only when the bytes were wrong.
  if (event.fault == SnapshotFault::Store) incoming_->written = 0;
  replySnapshot(incoming_->meta, SnapshotProgress::Failed);
  incoming_.reset();
  ready_.snapshotSteps.emplace_back(std::in_place_type<AbortSnapshot>);
}

void Raft::on(const SnapshotStored& event) {
  if (!isReceiving(event.reception, IncomingSnapshot::Phase::Committing)) return;
  installSnapshot();
  replySnapshot(snapshot_, SnapshotProgress::UpToDate);
  checkRepaired();
}

// The store did the same in its commit: it keeps a log that contains the snapshot's last entry, else drops it
// whole.
void Raft::installSnapshot() {
  SnapshotMeta meta = std::exchange(incoming_, std::nullopt)->meta;
  if (!log_.matches(meta.index, meta.term) && !planted(Defect::SnapshotKeepsConflictingLog)) {
    ensure(meta.index > commit_, "CommittedEntriesNeverChange",
           [&] { return "snapshot " + std::to_string(meta.index.value) + " contradicts a committed entry"; });
    log_.resetTo(meta.index, meta.term);
    durability_.resetTo(meta.index);
    configurations_.reset(meta.configurationIndex, meta.configuration);
    verified_ = meta.index;
    configurationChanged();
  }
  snapshot_ = std::move(meta);
  verified_ = std::max(verified_, snapshot_.index);
  if (handedOut_ < snapshot_.index) {  // else the state machine is as far or further
    restoring_ = true;
    handedOut_ = snapshot_.index;
    ready_.restore = snapshot_;
  }
  if (commit_ < snapshot_.index) {
    commit_ = snapshot_.index;
    if (configuration().isRemoved(self_) && configurations_.latestIndex() <= commit_) becomeRemoved();
  }
}

void Raft::on(const SnapshotRestored& event) {
  if (!restoring_ || event.index != snapshot_.index) return;
  restoring_ = false;
  applied_ = snapshot_.index;
  resolveApplied();
}

}  // namespace clusterkit::raft
