// The data folder of a store: the database with log, state and snapshot rows, the high-water mark, the lock.
// One thread at a time; everything here may block on the disk. Failures throw clusterkit::Error.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "batch.hpp"
#include "high_water.hpp"
#include "log_table.hpp"
#include "recovery.hpp"
#include "snapshot_files.hpp"
#include "state_tables.hpp"

namespace clusterkit::sqlite {

struct JournalOptions {
  std::filesystem::path folder;
  std::string synchronous = "full";
  std::uint64_t checkpointPages = 8000;
};

class Journal {
 public:
  static constexpr int format = 2;  // 2: rows at and below the base of the log may be there, as waste

  explicit Journal(JournalOptions options);
  ~Journal() { close(); }

  struct Opened {
    LogShape shape;
    Verdict verdict;
    std::vector<SnapshotRow> snapshots;  // newest first; the first one is verified
    bool markDamaged = false;            // one of its two copies; the other one served
  };
  // Makes the folder or recovers what is in it.
  Opened open();

  // One transaction: begin, any of these in any order, then commit or rollback.
  void begin();
  void apply(const Batch& batch);
  void install(const SnapshotRow& row, LogShape::LogAfterSnapshot log);
  std::unique_ptr<LogSlice> read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes);
  std::optional<std::string> metaGet(std::string_view name);
  // Says whether there was anything to write.
  bool commit();
  void rollback() noexcept;

  // To be called after commit and before anybody is told that it is durable.
  void acknowledge();
  bool markIsSynced() const { return markSynced_; }
  void syncMark();

  // When the WAL is long: at the threshold if nothing else is to do, at twice that in any case.
  enum class Load { idle, busy };
  bool checkpointIsDue(Load load) const;
  // A full disk is no failure here: it is tried again later. Says whether it was done.
  bool checkpoint();

  void close() noexcept;
  // After a failed write or sync: closes without one more attempt to write.
  void abandon() noexcept;

 private:
  struct Tables {
    explicit Tables(Database& db) : control(db), meta(db), snapshots(db), log(db) {}
    ControlTable control;
    MetaTable meta;
    SnapshotTable snapshots;
    LogTable log;
  };
  struct Saved {  // what a rollback puts back
    Control control;
    LogShape shape;
    LogTable::End end;
  };

  void lock();
  Opened recover();
  void openDatabase(HighWater::Found& found);
  void createTables();
  void syncWal();
  void checkFormat();
  Evidence collect(const HighWater::Found& found);
  void chooseSnapshot(Evidence& evidence);
  void repair(const Evidence& evidence, const Verdict& verdict);
  void writeControl();
  std::filesystem::path databasePath() const { return options_.folder / "store.db"; }
  std::filesystem::path markPath() const { return options_.folder / "high-water"; }
  [[noreturn]] void refuse(const std::string& why) const;

  const JournalOptions options_;
  const SnapshotFolder snapshotFolder_;
  File lock_;
  HighWater highWater_;
  bool markSynced_ = true;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Tables> tables_;

  Control control_;  // its step is that of the last transaction, whether the row was rewritten for it or not
  LogShape shape_;
  bool rowsChanged_ = false, controlChanged_ = false;  // by the open transaction
  Saved saved_;
  std::uint64_t checkpointNotBefore_ = 0;  // pages, after a checkpoint that failed
};

}  // namespace clusterkit::sqlite
