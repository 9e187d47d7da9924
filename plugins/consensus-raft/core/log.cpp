#include "log.hpp"

#include <algorithm>

#include "invariant.hpp"
#include "planted.hpp"

namespace clusterkit::raft {

std::uint64_t Log::bytesAfter(LogIndex index) const {
  if (slots_.empty()) return 0;
  const std::uint64_t total = slots_.back().bytesUpTo;
  if (index <= base_) return total - baseBytes_;
  return index >= lastIndex() ? 0 : total - slot(index).bytesUpTo;
}

std::optional<Term> Log::termAt(LogIndex index) const {
  if (index == base_) return baseTerm_;
  if (index < base_ || index > lastIndex()) return std::nullopt;
  return slot(index).entry.term;
}

bool Log::matches(LogIndex index, Term term) const { return termAt(index) == term; }

const Entry& Log::at(LogIndex index) const {
  ensure(index > base_ && index <= lastIndex(), "LogReadInRange",
         [&] { return "index " + std::to_string(index.value) + " is not in memory"; });
  return slot(index).entry;
}

bool Log::isUpToDate(LogIndex otherLast, Term otherTerm) const {
  if (planted(Defect::VoteForStaleLog)) return true;
  if (planted(Defect::LongerLogIsNewer)) return otherLast >= lastIndex();
  return otherTerm > lastTerm() || (otherTerm == lastTerm() && otherLast >= lastIndex());
}

LogIndex Log::lastWithTermAtMost(LogIndex from, Term term) const {
  const LogIndex end = std::min(from, lastIndex());
  if (end <= base_) return base_;
  const auto first = slots_.begin();
  const auto last = first + static_cast<std::ptrdiff_t>(end.value - base_.value);
  const auto beyond =
      std::partition_point(first, last, [term](const Slot& s) { return s.entry.term <= term; });
  return plus(base_, static_cast<std::uint64_t>(beyond - first));
}

void Log::append(Entry entry) {
  ensure(entry.index == next(lastIndex()), "LogIsDense", [&] {
    return "entry " + std::to_string(entry.index.value) + " after " + std::to_string(lastIndex().value);
  });
  ensure(entry.term >= lastTerm(), "LogTermsNeverFall", [&] {
    return "term " + std::to_string(entry.term.value) + " after " + std::to_string(lastTerm().value);
  });
  const std::uint64_t before = slots_.empty() ? baseBytes_ : slots_.back().bytesUpTo;
  const std::uint64_t upTo = before + sizeOf(entry);
  slots_.push_back({std::move(entry), upTo});
}

void Log::truncateFrom(LogIndex index) {
  ensure(index > base_, "LogTruncatedAboveSnapshot",
         [&] { return "cut from " + std::to_string(index.value) + ", base " + std::to_string(base_.value); });
  if (index > lastIndex()) return;
  slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(index.value - base_.value - 1), slots_.end());
}

void Log::compactTo(LogIndex index) {
  if (index <= base_) return;
  ensure(index <= lastIndex(), "LogCompactedInRange", [&] { return std::to_string(index.value); });
  const Slot& newBase = slot(index);
  baseTerm_ = newBase.entry.term;
  baseBytes_ = newBase.bytesUpTo;
  slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(index.value - base_.value));
  base_ = index;
}

void Log::resetTo(LogIndex index, Term term) { *this = Log(index, term); }

std::vector<Entry> Log::slice(LogIndex from, LogIndex to, std::uint64_t maxBytes) const {
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  const LogIndex end = std::min(to, lastIndex());
  for (LogIndex i = std::max(from, firstIndex()); i <= end; i = next(i)) {
    const Entry& entry = slot(i).entry;
    bytes += sizeOf(entry);
    if (!entries.empty() && bytes > maxBytes) break;
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace clusterkit::raft
