// The log's rows. Each carries the CRC-64 of its own fields and bytes, and a chain hash over all rows before
// it, so that a changed, missing, swapped or left-over row is found. Also the number of the transaction that
// wrote it.
#pragma once

#include <clusterkit/log_shape.hpp>
#include <clusterkit/store.hpp>
#include <memory>
#include <optional>

#include "database.hpp"

namespace clusterkit::sqlite {

// Where the log begins: the index before its first row, and the chain hash there.
struct LogBase {
  std::uint64_t index = 0, chain = 0;
};

// Entries as the payload of a read: the array points into the bytes.
struct LogSlice {
  std::vector<ck_log_entry> entries;
  std::string bytes;
};

class LogTable {
 public:
  static const char* const schema;

  explicit LogTable(Database& db);

  // What a walk over all rows finds. Rows from the first bad one on count as lost.
  struct Scan {
    LogShape shape;                 // of the good rows
    std::uint64_t lastStep = 0;     // of the last good row
    std::uint64_t damagedFrom = 0;  // 0 = all rows are good
    std::uint64_t highestSeen = 0;  // among good and bad rows
  };
  Scan scan(LogBase base);

  void append(const ck_log_entry& entry, std::uint64_t step);
  void truncate(std::uint64_t from);
  // Moves the base up. The rows at and below it are waste from now on, whatever is in them; sweep() removes
  // them.
  void compact(std::uint64_t upto);
  // Removes some of the waste: more of it than was appended in this transaction, but so little that no commit
  // has to wait for thousands of rows.
  void sweep();
  // Empties the log; the next row may follow `index`.
  void clear(std::uint64_t index);
  // Removes the bad rows that a scan found.
  void removeBeyondEnd();

  // Entries from lo to below hi, at least one, up to maxBytes. Throws CK_CORRUPT when a row is missing or
  // damaged.
  std::unique_ptr<LogSlice> read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes);

  // What must be put back when a transaction is rolled back.
  struct End {
    LogBase base;
    std::uint64_t last = 0, chain = 0;  // last = base.index when the log is empty
    std::uint64_t sweptTo = 0;          // rows up to here are gone
  };
  const End& end() const { return end_; }
  void restore(const End& end) { end_ = end; }
  bool empty() const { return end_.last == end_.base.index; }
  // Rows at this end continue a log that has none yet.
  void startAt(std::uint64_t first);

 private:
  std::uint64_t chainAt(std::uint64_t index);

  Statement insert_, select_, lowest_, chain_, deleteFrom_, deleteUpto_, deleteAll_;
  End end_;
  std::uint64_t appended_ = 0;  // since the last sweep
};

}  // namespace clusterkit::sqlite
