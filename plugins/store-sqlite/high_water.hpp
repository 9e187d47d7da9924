// The high-water mark: a copy, outside the database, of what the last acknowledged transaction left behind.
// SQLite drops every row after a damaged byte of its WAL without a word; a database that falls short of the
// mark has lost acknowledged work.
//
// File "high-water": two slots of 512 bytes, written in turn, so that a torn write leaves the one before.
// Slot (little endian): 8 bytes "CKHIGHWM", then u64 format, step, index, term, hard.term, hard.voted_for,
// hard.commit, meta sum, CRC-64 of all before it.
//
// Protocol: written to the page cache after the commit's sync and before the acknowledgement; synced at most
// `sync delay` later and at stop, because a second sync per commit would halve the rate. So whatever is
// acknowledged is covered against every loss but one: work acknowledged within that delay before a power cut,
// when the disk also loses what it had reported as synced.
#pragma once

#include <clusterkit/store.h>

#include <optional>

#include "file.hpp"

namespace clusterkit::sqlite {

struct Mark {
  std::uint64_t step = 0;             // number of the transaction; rises by one
  std::uint64_t index = 0, term = 0;  // the log's end after it (or the snapshot's position)
  ck_hard_state hard{};
  std::uint64_t metaSum = 0;  // of the named values
};

class HighWater {
 public:
  struct Found {
    std::optional<Mark> mark;  // nothing = no slot can be read
    bool existed = false;
    bool damaged = false;  // at least one slot that was written once cannot be read
  };

  // Opens the file if it is there.
  Found open(const std::filesystem::path& path);
  // Makes a new one, in one atomic step.
  void create(const std::filesystem::path& path, const Mark& mark);
  void write(const Mark& mark);
  void sync() { file_.sync(); }

 private:
  File file_;
  std::uint64_t nextSlot_ = 0;
};

}  // namespace clusterkit::sqlite
