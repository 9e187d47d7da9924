// Everything but the log: the control row (hard state and what recovery needs), named values, snapshot rows.
// Each row carries its CRC-64.
#pragma once

#include <clusterkit/store.hpp>
#include <optional>

#include "database.hpp"
#include "log_table.hpp"

namespace clusterkit::sqlite {

// The one control row. Rewritten by every transaction that does more than append to a log that has rows; such
// a transaction is known by the step in its last log row instead, which saves a page per commit.
struct Control {
  ck_hard_state hard{};
  std::uint64_t step = 0;
  std::uint64_t lastIndex = 0;  // end of the log when the row was written
  LogBase base;
  std::uint64_t snapshotIndex = 0;  // of the newest one
  std::uint64_t metaSum = 0;        // sum of the checksums of the named values
  std::uint64_t repairIndex = 0;    // not whole until the log has come so far; 0 = whole
};

class ControlTable {
 public:
  static const char* const schema;
  explicit ControlTable(Database& db);
  void insert(const Control& first);
  void write(const Control& control);
  // Nothing when the row is missing, not alone or damaged.
  std::optional<Control> read();

 private:
  Statement insert_, update_, select_;
};

class MetaTable {
 public:
  static const char* const schema;
  explicit MetaTable(Database& db);
  // Both return what the sum of all checksums grows by (modulo 2^64).
  std::uint64_t put(std::string_view name, std::string_view value);
  std::uint64_t remove(std::string_view name);
  // Throws CK_CORRUPT when the row is damaged.
  std::optional<std::string> get(std::string_view name);
  // Sum of the checksums, or nothing when a row is damaged.
  std::optional<std::uint64_t> sum();

 private:
  Statement put_, remove_, get_, all_;
};

struct SnapshotRow {
  std::uint64_t index = 0, term = 0, size = 0, checksum = 0;
  std::string config;
};

class SnapshotTable {
 public:
  static const char* const schema;
  explicit SnapshotTable(Database& db);
  void insert(const SnapshotRow& row);
  void removeBelow(std::uint64_t index);
  // Removes damaged rows, and those above the index.
  void keepUpto(std::uint64_t index);
  // Newest first. Damaged rows are left out and counted.
  struct Found {
    std::vector<SnapshotRow> rows;
    std::uint64_t damaged = 0;
    std::uint64_t highestSeen = 0;
  };
  Found all();

 private:
  Statement insert_, removeBelow_, removeAll_, all_;
};

}  // namespace clusterkit::sqlite
