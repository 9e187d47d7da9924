#include "recovery.hpp"

#include <algorithm>

namespace clusterkit::sqlite {

namespace {

std::string whatIsMissing(const Evidence& e, std::uint64_t foundStep, LogShape::Position end) {
  const auto text = [](std::uint64_t n) { return std::to_string(n); };
  if (e.snapshotLost) return "the newest snapshot is damaged or missing";
  if (e.damagedFrom != 0) return "log row " + text(e.damagedFrom) + " is damaged or missing";
  if (!e.mark) return "the high-water mark is damaged or missing, so nobody knows what was acknowledged";
  if (foundStep < e.mark->step)
    return "the database ends at transaction " + text(foundStep) + ", acknowledged was " + text(e.mark->step);
  if (foundStep == e.mark->step && end != LogShape::Position{e.mark->index, e.mark->term})
    return "the log ends at " + text(end.index) + ", acknowledged was " + text(e.mark->index);
  if (end.index < e.control.lastIndex)
    return "the log ends at " + text(end.index) + ", written was " + text(e.control.lastIndex);
  if (end.index < e.control.repairIndex)
    return "the repair up to index " + text(e.control.repairIndex) + " has not finished";
  return "";
}

}  // namespace

Verdict judge(const Evidence& e) {
  Verdict v;
  const std::uint64_t foundStep = std::max(e.control.step, e.lastStep);
  const LogShape::Position end = e.shape.end();
  const bool behindMark = e.mark && foundStep < e.mark->step;
  const bool beforeMark =
      e.mark && foundStep <= e.mark->step;  // later truncations cannot explain a shorter log

  v.hard = behindMark ? e.mark->hard : e.control.hard;
  v.step = std::max(foundStep, e.mark ? e.mark->step : 0);
  v.missing = whatIsMissing(e, foundStep, end);
  v.highWater = end.index;
  if (behindMark && e.mark->metaSum != e.control.metaSum)
    v.refusal = "named values that were acknowledged are missing, and no other member holds them";
  if (!v.repairing()) return v;

  // Past the present end, because what stands there may be older than what was acknowledged: only a new entry
  // from a leader proves that this log is the leader's.
  v.highWater = std::max({end.index + 1, e.control.lastIndex, e.control.repairIndex, e.highestSeen,
                          beforeMark ? e.mark->index : 0});
  // A commit index beyond the log would look like a broken invariant to the consensus.
  v.hard.commit = std::min(v.hard.commit, end.index);
  return v;
}

}  // namespace clusterkit::sqlite
