// A disk whose contents and whose promises are two things: operations queue up in order, become durable when
// the cluster's clock says so, and a power loss keeps a prefix of them, as the store's contract allows and no
// more.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "prng.hpp"
#include "raft.hpp"

namespace clusterkit::raft::test {

struct DiskImage {
  HardState hard;
  std::map<LogIndex, Entry> log;
  SnapshotMeta snapshot;
  std::string snapshotBytes;

  LogIndex lastIndex() const {
    return log.empty() ? snapshot.index : std::max(snapshot.index, log.rbegin()->first);
  }
  bool holds(LogIndex index, Term term) const;  // in the log, or covered by the snapshot
  void persist(const Ready& ready);
  // Makes it the newest; drops a log that does not contain the snapshot's last entry.
  void install(const SnapshotMeta& meta, const std::string& bytes);
};

class SimDisk {
 public:
  DiskImage& durable() { return durable_; }
  const DiskImage& durable() const { return durable_; }

  Duration delay = std::chrono::milliseconds(1);  // of one operation; those that queue behind it ride along
  bool held = false;                              // nothing completes while set
  bool full = false;                              // batches are refused: nothing is taken

  // `change` is the effect on the durable image, `done` runs after it.
  void submit(MonotonicTime now, std::function<void(DiskImage&)> change, std::function<void()> done);
  bool isIdle() const { return queue_.empty(); }
  MonotonicTime nextCompletion() const;  // max() when nothing will complete by itself
  void completeDue(MonotonicTime now);
  void completeAll();
  void powerLoss(Prng& prng);  // some prefix of what was under way is there, nobody was told

 private:
  struct Operation {
    MonotonicTime due;
    std::function<void(DiskImage&)> change;
    std::function<void()> done;
  };
  DiskImage durable_;
  std::deque<Operation> queue_;
};

}  // namespace clusterkit::raft::test
