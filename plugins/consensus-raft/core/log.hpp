// The part of the log that is in memory: every entry after `base`, which is the newest compacted one (0:0 at
// first). Terms never fall along the log, indexes are dense; both are checked at each append.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "types.hpp"

namespace clusterkit::raft {

class Log {
 public:
  Log() = default;
  Log(LogIndex base, Term baseTerm) : base_(base), baseTerm_(baseTerm) {}

  LogIndex baseIndex() const { return base_; }
  LogIndex firstIndex() const { return next(base_); }
  LogIndex lastIndex() const { return plus(base_, slots_.size()); }
  Term lastTerm() const { return slots_.empty() ? baseTerm_ : slots_.back().entry.term; }
  std::uint64_t bytes() const { return bytesAfter(base_); }
  // Of the entries after `index`; an index outside counts as the nearer end.
  std::uint64_t bytesAfter(LogIndex index) const;

  // Nothing below base or beyond the end.
  std::optional<Term> termAt(LogIndex index) const;
  bool matches(LogIndex index, Term term) const;
  const Entry& at(LogIndex index) const;  // firstIndex() <= index <= lastIndex()

  // Is a log that ends in lastIndex:lastTerm at least as good as this one (5.4.1)?
  bool isUpToDate(LogIndex otherLast, Term otherTerm) const;
  // The last index <= from whose term is <= term; base when there is none. Serves the hints of a refused
  // append.
  LogIndex lastWithTermAtMost(LogIndex from, Term term) const;

  void append(Entry entry);
  void truncateFrom(LogIndex index);
  void compactTo(LogIndex index);           // index becomes the base
  void resetTo(LogIndex index, Term term);  // drops everything
  // Entries from <= index <= to, stopping before maxBytes are passed, but at least one.
  std::vector<Entry> slice(LogIndex from, LogIndex to, std::uint64_t maxBytes) const;

 private:
  struct Slot {
    Entry entry;
    std::uint64_t bytesUpTo;  // sum over all entries up to this one, since the object was made
  };
  const Slot& slot(LogIndex index) const { return slots_[index.value - base_.value - 1]; }

  LogIndex base_;
  Term baseTerm_;
  std::uint64_t baseBytes_ = 0;
  std::deque<Slot> slots_;
};

}  // namespace clusterkit::raft
