// What a log looks like without its bytes: its bounds, the snapshot below it and the term of every index. For
// authors of stores: answers term_at from memory and decides in one place whether a batch fits. Not
// thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "store.h"

namespace clusterkit {

class LogShape {
 public:
  struct Position {
    std::uint64_t index = 0, term = 0;
    friend bool operator==(const Position&, const Position&) = default;
  };
  enum class LogAfterSnapshot { kept, dropped };

  bool empty() const { return last_ < first_; }
  std::uint64_t first() const { return empty() ? 0 : first_; }
  std::uint64_t last() const { return empty() ? 0 : last_; }
  Position snapshot() const { return snapshot_; }
  // The last entry, or the snapshot when there is none.
  Position end() const { return empty() ? snapshot_ : Position{last_, runs_.back().term}; }

  std::optional<std::uint64_t> termAt(std::uint64_t index) const {
    if (index != 0 && index == snapshot_.index) return snapshot_.term;
    if (empty() || index < first_ || index > last_) return std::nullopt;
    return std::prev(runAfter(index))->term;
  }
  bool contains(Position p) const {
    return !empty() && p.index >= first_ && p.index <= last_ && std::prev(runAfter(p.index))->term == p.term;
  }

  // What is wrong with the batch, or null when it fits. A snapshot on its way in (its index, or 0) must not
  // be cut.
  const char* refusal(const ck_store_batch& batch, std::uint64_t incomingSnapshot = 0) const {
    if (batch.size < sizeof(ck_store_batch)) return "the batch is smaller than this ABI's";
    if (batch.truncate_from != 0 && batch.truncate_from <= std::max(snapshot_.index, incomingSnapshot))
      return "truncate_from is covered by a snapshot";
    if (batch.compact_to > snapshot_.index) return "compact_to is above the committed snapshot";
    if ((batch.entry_count != 0 && batch.entries == nullptr) ||
        (batch.meta_count != 0 && batch.meta == nullptr))
      return "a count without its array";
    const std::uint64_t last = batch.truncate_from == 0 ? last_ : std::min(last_, batch.truncate_from - 1);
    std::uint64_t next = last < first_ ? (snapshot_.index == 0 ? 0 : snapshot_.index + 1) : last + 1;
    for (std::uint64_t i = 0; i < batch.entry_count; ++i) {
      const ck_log_entry& e = batch.entries[i];
      if (e.index == 0) return "an entry has index 0";
      if (next != 0 && e.index != next) return "the entries do not continue the log";
      if (e.data.data == nullptr && e.data.size != 0) return "an entry has a size without bytes";
      next = e.index + 1;
    }
    for (std::uint64_t i = 0; i < batch.meta_count; ++i) {
      const ck_named_value& m = batch.meta[i];
      const std::size_t n = m.name == nullptr ? 0 : strnlen(m.name, 256);
      if (n == 0 || n > 255) return "a name must have 1 to 255 bytes";
      if (m.value.size > 64 * 1024) return "a named value is larger than 64 KiB";
    }
    return nullptr;
  }

  // Only with a batch that was not refused.
  void apply(const ck_store_batch& batch) {
    if (batch.truncate_from != 0) truncate(batch.truncate_from);
    for (std::uint64_t i = 0; i < batch.entry_count; ++i)
      append(batch.entries[i].index, batch.entries[i].term);
    if (batch.compact_to != 0) compact(batch.compact_to);
  }
  void append(std::uint64_t index, std::uint64_t term) {
    if (empty()) {
      runs_.clear();
      first_ = index;
    }
    if (runs_.empty() || runs_.back().term != term) runs_.push_back({index, term});
    last_ = index;
  }
  void install(Position snapshot, LogAfterSnapshot log) {
    snapshot_ = snapshot;
    if (log == LogAfterSnapshot::dropped) clear();
  }

 private:
  struct Run {  // entries of one term, from `first` to the next run or the end
    std::uint64_t first, term;
  };

  std::vector<Run>::const_iterator runAfter(std::uint64_t index) const {
    return std::upper_bound(runs_.begin(), runs_.end(), index,
                            [](std::uint64_t i, const Run& r) { return i < r.first; });
  }
  void truncate(std::uint64_t from) {
    if (empty() || from > last_) return;
    if (from <= first_) return clear();
    last_ = from - 1;
    runs_.erase(runAfter(last_), runs_.end());
  }
  void compact(std::uint64_t upto) {
    if (empty() || upto < first_) return;
    if (upto >= last_) return clear();
    first_ = upto + 1;
    runs_.erase(runs_.begin(), std::prev(runAfter(first_)));
    runs_.front().first = first_;
  }
  void clear() {
    runs_.clear();
    first_ = 1;
    last_ = 0;
  }

  std::uint64_t first_ = 1, last_ = 0;  // last < first means empty
  std::vector<Run> runs_;
  Position snapshot_;
};

}  // namespace clusterkit
