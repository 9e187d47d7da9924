#include "support/sim_disk.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace clusterkit::raft::test {

bool DiskImage::holds(LogIndex index, Term term) const {
  if (index <= snapshot.index) return true;
  const auto found = log.find(index);
  return found != log.end() && found->second.term == term;
}

void DiskImage::persist(const Ready& ready) {
  if (ready.hardState) {
    EXPECT_GE(ready.hardState->term, hard.term) << "the stored term fell";
    EXPECT_GE(ready.hardState->commit, hard.commit) << "the stored commit index fell";
    hard = *ready.hardState;
  }
  if (ready.truncateFrom) log.erase(log.lower_bound(*ready.truncateFrom), log.end());
  for (const Entry& e : ready.entries) {
    EXPECT_EQ(e.index, next(lastIndex())) << "entries must continue the log";
    log[e.index] = e;
  }
  if (ready.compactTo) {
    EXPECT_LE(*ready.compactTo, snapshot.index) << "the log was cut above the snapshot";
    log.erase(log.begin(), log.upper_bound(*ready.compactTo));
  }
}

void DiskImage::install(const SnapshotMeta& meta, const std::string& content) {
  if (meta.index <= snapshot.index) return;  // STALE
  const auto last = log.find(meta.index);
  if (last == log.end() || last->second.term != meta.term) log.clear();
  snapshot = meta;
  snapshotBytes = content;
}

void SimDisk::submit(MonotonicTime now, std::function<void(DiskImage&)> change, std::function<void()> done) {
  const MonotonicTime due = queue_.empty() ? now + delay : std::max(queue_.back().due, now + delay);
  queue_.push_back({due, std::move(change), std::move(done)});
}

MonotonicTime SimDisk::nextCompletion() const {
  return held || queue_.empty() ? MonotonicTime::max() : queue_.front().due;
}

void SimDisk::completeDue(MonotonicTime now) {
  while (!held && !queue_.empty() && queue_.front().due <= now) {
    const Operation operation = std::move(queue_.front());
    queue_.pop_front();
    operation.change(durable_);
    operation.done();
  }
}

void SimDisk::completeAll() {
  held = false;
  completeDue(MonotonicTime::max());
}

void SimDisk::powerLoss(Prng& prng) {
  const std::uint64_t kept = prng.below(queue_.size() + 1);
  for (std::uint64_t i = 0; i < kept; ++i) queue_[i].change(durable_);
  queue_.clear();
}

}  // namespace clusterkit::raft::test
