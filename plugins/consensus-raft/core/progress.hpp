// The leader's view of one other member, and how much it may send to it.
//
// Probe: one append at a time until the logs are known to agree. Replicate: appends leave without waiting, up
// to a window in messages and bytes. Snapshot: chunks, one at a time, each answered with the offset to go on
// from.
#pragma once

#include <deque>
#include <optional>

#include "options.hpp"
#include "types.hpp"

namespace clusterkit::raft {

class Inflight {
 public:
  bool isFull(const Options& options) const {
    return sent_.size() >= options.maxInflightMessages || bytes_ >= options.maxInflightBytes;
  }
  std::size_t messages() const { return sent_.size(); }
  std::uint64_t bytes() const { return bytes_; }
  void add(LogIndex last, std::uint64_t bytes);
  void freeUpTo(LogIndex match);
  void clear();

 private:
  void freeFirst();
  struct Sent {
    LogIndex last;
    std::uint64_t bytes;
  };
  std::deque<Sent> sent_;
  std::uint64_t bytes_ = 0;
};

struct OutgoingSnapshot {
  SnapshotMeta meta;
  std::uint64_t offset = 0;  // of the chunk that is read or under way
  enum class Wait : std::uint8_t { Read, Reply, Retry } wait = Wait::Read;
  MonotonicTime since;
};

enum class ProgressState : std::uint8_t { Probe, Replicate, Snapshot };

struct Progress {
  ProgressState state = ProgressState::Probe;
  LogIndex matchIndex;  // durable there and equal to ours
  LogIndex nextIndex;
  bool probeSent = false;
  MonotonicTime nextRewind;  // before it a rejection does not end Replicate
  Inflight inflight;
  LogIndex commitSent;
  RoundId ackedRound;
  MonotonicTime ackedAt;  // when that round was first answered
  MonotonicTime lastContact;
  bool heardInTerm = false;
  std::optional<OutgoingSnapshot> snapshot;

  void becomeProbe(LogIndex nextToSend);
  void becomeReplicate();
};

}  // namespace clusterkit::raft
