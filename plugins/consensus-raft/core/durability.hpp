// Which of the things handed to the store are on disk. Completions come per batch and in order; what a later
// batch has overwritten must not count when the completion of an earlier one arrives late
// (ClickHouse#102629).
#pragma once

#include <deque>

#include "types.hpp"

namespace clusterkit::raft {

class Durability {
 public:
  explicit Durability(LogIndex durable) : durable_(durable), submitted_(durable) {}

  LogIndex durableIndex() const { return durable_; }
  LogIndex submittedIndex() const { return submitted_; }  // every entry up to here was given to the store
  BatchNumber lastBatch() const { return lastBatch_; }
  BatchNumber nextBatch() const { return BatchNumber{lastBatch_.value + 1}; }
  bool isDurable(BatchNumber batch) const { return batch <= completed_; }

  // The batch with number nextBatch() goes to the store; the log on disk will end in lastIndex.
  void submit(LogIndex lastIndex);
  // Entries from here on are gone: no completion still under way may vouch for them.
  void truncateFrom(LogIndex index);
  // The store's snapshot has replaced the whole log.
  void resetTo(LogIndex index);
  // Everything up to `batch` is on disk.
  void complete(BatchNumber batch);

 private:
  struct Pending {
    BatchNumber batch;
    LogIndex lastIndex;
  };
  LogIndex durable_, submitted_;
  BatchNumber lastBatch_, completed_;
  std::deque<Pending> pending_;
};

}  // namespace clusterkit::raft
