// The newest events of the cluster: a dense run of numbers whose copies share what they hold.
//
// A copy costs one reference count; to append or to drop the oldest costs no more in a window of any size.
// Events lie in chunks. Versions of one window share their chunks, and each knows by its bounds what is its
// own: a slot past the bounds is filled by the one version that claims it, so the versions before never see
// it. A version that finds its next slot taken, because two were continued from one, goes on in a chunk of
// its own.
//
// Each event is kept with its encoded record, which the content hash is taken over and snapshots are made
// of. Up to a chunk of dropped events stays in memory.
//
// Threads: any number may read and copy a window that nobody changes; a changed one belongs to one thread,
// and its copies may be read on others meanwhile. Pointers to events live as long as some window holds the
// event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/event.hpp"
#include "cluster/siphash.hpp"

namespace clusterkit {

class EventWindow {
 public:
  using Event = std::shared_ptr<const ClusterEvent>;

  explicit EventWindow(HashSeed seed = {}) : seed_(seed) {}

  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }
  // Null when it is not kept. No allocation.
  const Event* find(EventSeq seq) const noexcept;
  // The encoded record of a kept event; precondition: find(seq).
  std::string_view recordOf(EventSeq seq) const noexcept;
  // Null when empty.
  const Event* oldest() const noexcept { return find(oldest_); }
  const Event* newest() const noexcept { return find(EventSeq(oldest_.value + count_ - 1)); }
  // Equal for equal events under one seed, whatever was dropped before them; 0 when empty.
  std::uint64_t hash() const noexcept { return hash_; }

  // `event` has the number after the newest, or any when empty: throws std::logic_error otherwise. `record`
  // is what encodeEvent() makes of it.
  void append(Event event, std::string record);
  // Precondition: not empty.
  void dropOldest();

 private:
  static constexpr std::size_t kChunk = 256;
  struct Kept;
  struct Chunk;
  using Chunks = std::vector<std::shared_ptr<Chunk>>;

  const Kept* slotOf(EventSeq seq) const noexcept;
  std::uint64_t hashOf(EventSeq seq, std::string_view record) const noexcept;
  Kept& claimNext();
  std::shared_ptr<Chunk> copyOfLast(std::size_t used) const;

  std::shared_ptr<const Chunks> chunks_;  // null when nothing was ever appended
  EventSeq base_{0};                      // of the first slot of the first chunk
  EventSeq oldest_{0};
  std::size_t count_ = 0;
  std::uint64_t hash_ = 0;
  HashSeed seed_;
};

}  // namespace clusterkit
