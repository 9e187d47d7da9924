// Decides at open, from what was found on disk, whether acknowledged work is missing. Pure.
#pragma once

#include <clusterkit/log_shape.hpp>
#include <optional>
#include <string>

#include "high_water.hpp"
#include "state_tables.hpp"

namespace clusterkit::sqlite {

struct Evidence {
  std::optional<Mark> mark;  // nothing = it cannot be read
  Control control;
  LogShape shape;                 // of what is good: snapshot and rows
  std::uint64_t lastStep = 0;     // of the last good log row
  std::uint64_t damagedFrom = 0;  // first damaged log row; 0 = none
  std::uint64_t highestSeen = 0;  // highest index of any row, good or not, log or snapshot
  bool snapshotLost = false;
};

struct Verdict {
  ck_hard_state hard{};         // the newest that was acknowledged
  std::uint64_t step = 0;       // the newest transaction that was acknowledged or found
  std::uint64_t highWater = 0;  // the last index that was ever acknowledged, as far as it is known
  std::string missing;          // why acknowledged work is missing; empty = all is there
  std::string refusal;          // why the store must not be opened at all; empty = it may

  bool repairing() const { return !missing.empty(); }
};

Verdict judge(const Evidence& found);

}  // namespace clusterkit::sqlite
