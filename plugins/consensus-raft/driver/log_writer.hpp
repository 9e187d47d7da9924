// Hands the core's batches to the store, in order; keeps what the store does not take now. [loop]
#pragma once

#include <deque>
#include <functional>

#include "ports.hpp"
#include "ready.hpp"

namespace clusterkit::raft {

class LogWriter {
 public:
  struct Listener {
    std::function<void()> full;      // the disk is full; told once until writable
    std::function<void()> writable;  // everything that was kept has been taken
  };

  LogWriter(const Ports& ports, Listener listener) : ports_(ports), listener_(std::move(listener)) {}

  // The parts of this Ready that are to be persisted; it must have a batch.
  void persist(Ready& ready);
  void onWritable();

 private:
  struct Batch {
    BatchNumber number;
    SyncNeed sync = SyncNeed::Lazy;
    std::optional<HardState> hardState;
    std::optional<LogIndex> truncateFrom;
    std::vector<Entry> entries;  // keeps the bytes alive
    std::optional<LogIndex> compactTo;
  };

  ck_status submit(const Batch& batch);

  Ports ports_;
  Listener listener_;
  std::deque<Batch> kept_;
  bool told_ = false;
};

}  // namespace clusterkit::raft
