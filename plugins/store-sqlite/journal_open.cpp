// Opening and recovering a data folder.
#include <unistd.h>

#include "journal.hpp"

namespace clusterkit::sqlite {

namespace {

constexpr int applicationId = 0x436B5374;  // "CkSt"

std::string allSchemas() {
  return std::string(ControlTable::schema) + ";" + LogTable::schema + ";" + MetaTable::schema + ";" +
         SnapshotTable::schema;  // in the order of their names
}

std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out;
}

// The final word on a folder, with the advice what to do.
struct Refusal : Error {
  explicit Refusal(const std::string& text) : Error(CK_CORRUPT, text) {}
};

}  // namespace

void Journal::refuse(const std::string& why) const {
  throw Refusal(options_.folder.string() + ": " + why.substr(0, 110) +
                ". Restore the folder, or remove it and join as a new member");
}

void Journal::lock() {
  const auto path = options_.folder / "lock";
  lock_ = File(path, File::Mode::readWrite);
  if (!lock_.tryLock()) {
    std::string holder = lock_.read(0, 32);
    lock_.close();
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    throw Error(CK_CONFLICT, options_.folder.string() + " is in use by another process (pid " + holder + ")");
  }
  std::string pid = std::to_string(::getpid()) + "\n";
  pid.resize(32, '\n');  // always the same length, so that no digit of an earlier holder is left
  lock_.write(0, pid);
}

Journal::Opened Journal::open() {
  makeFolder(options_.folder);
  lock();
  try {
    return recover();
  } catch (const Refusal&) {
    throw;
  } catch (const Error& e) {
    // CK_INTERNAL: a file so damaged that SQLite does not understand its own statements any more.
    if (e.status() == CK_CORRUPT || e.status() == CK_INTERNAL) refuse(e.what());
    throw;
  }
}

Journal::Opened Journal::recover() {
  snapshotFolder_.create();
  HighWater::Found found = highWater_.open(markPath());
  openDatabase(found);

  Opened opened;
  Evidence evidence = collect(found);
  chooseSnapshot(evidence);
  opened.verdict = judge(evidence);
  if (!opened.verdict.refusal.empty()) refuse(opened.verdict.refusal);
  opened.markDamaged = found.damaged && found.mark.has_value();
  control_.hard = opened.verdict.hard;
  control_.step = opened.verdict.step;
  if (opened.verdict.repairing()) repair(evidence, opened.verdict);
  opened.snapshots = tables_->snapshots.all().rows;
  snapshotFolder_.keepOnly(opened.snapshots);

  if (!found.existed) highWater_.create(markPath(), Mark{});
  acknowledge();
  acknowledge();  // both slots, so that neither keeps something unreadable or older
  syncMark();
  opened.shape = shape_;
  return opened;
}

void Journal::openDatabase(HighWater::Found& found) {
  const auto path = databasePath();
  const bool existed = std::filesystem::exists(path);
  const bool used = found.existed && (!found.mark || found.mark->step > 0);
  if (!existed) {
    if (used) refuse("the database is gone, but the high-water mark says that there was one");
    if (!found.existed) {  // before the database, so that a database without a mark always means damage
      highWater_.create(markPath(), Mark{});
      found = {Mark{}, true, false};
    }
    File(path, File::Mode::readWrite).sync();
    syncFolder(options_.folder);
  }
  db_ = std::make_unique<Database>(path);
  db_->setPragma("locking_mode", "EXCLUSIVE", "exclusive");  // first of all: no shared memory file then
  const bool empty = db_->number("SELECT count(*) FROM sqlite_schema") == 0;
  if (!empty || db_->number("PRAGMA user_version") != 0) checkFormat();
  db_->setPragma("journal_mode", "WAL", "wal");
  db_->setPragma("synchronous", options_.synchronous, options_.synchronous == "full" ? "2" : "1");
  db_->setPragma("secure_delete", "OFF", "0");  // Debian's default would write every deleted page once more
  db_->setPragma("cache_spill", "OFF", "0");    // so that a full disk shows at COMMIT and never before
  db_->setPragma("cell_size_check", "ON", "1");
  db_->setPragma("trusted_schema", "OFF", "0");
  if (empty) {
    if (used) refuse("the database is empty, but the high-water mark says that it was not");
    createTables();
  }
  if (db_->text("SELECT group_concat(sql,';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)") !=
      allSchemas())
    refuse("the database's tables are not this store's");
  if (const std::string verdict = db_->text("PRAGMA quick_check(1)"); verdict != "ok")
    refuse("the database is damaged: " + verdict);
  syncWal();
}

// After a crash of the process the WAL may hold commits that were never synced. What open reports counts as
// durable.
void Journal::syncWal() {
  const auto wal = databasePath().string() + "-wal";
  if (std::filesystem::exists(wal)) File(wal, File::Mode::readWrite).sync();
  syncFolder(options_.folder);
}

void Journal::checkFormat() {
  const std::int64_t id = db_->number("PRAGMA application_id");
  if (id != applicationId) refuse("store.db is not a ClusterKit store");
  const std::int64_t found = db_->number("PRAGMA user_version");
  if (found > format)
    throw Error(CK_INVALID, options_.folder.string() + " has format " + std::to_string(found) +
                                "; this version reads formats up to " + std::to_string(format) +
                                ". Use the newer version that wrote it");
  if (found < 1) refuse("the format of the data is not readable");
  if (found < format) db_->run("PRAGMA user_version=" + std::to_string(format));
}

void Journal::createTables() {
  db_->begin();
  db_->run(allSchemas());
  db_->run("PRAGMA application_id=" + std::to_string(applicationId));
  db_->run("PRAGMA user_version=" + std::to_string(format));
  ControlTable(*db_).insert(Control{});
  db_->commit();
  db_->checkpoint();  // so that no damage to the WAL can take the tables away
}

Evidence Journal::collect(const HighWater::Found& found) {
  tables_ = std::make_unique<Tables>(*db_);
  const auto control = tables_->control.read();
  if (!control)
    refuse("term and vote cannot be read, and without them this node could vote twice in one term");
  if (tables_->meta.sum() != control->metaSum) refuse("a named value is damaged or missing");
  control_ = *control;

  const LogTable::Scan scan = tables_->log.scan(control->base);
  Evidence e;
  e.mark = found.mark;
  e.control = *control;
  e.shape = scan.shape;
  e.lastStep = scan.lastStep;
  e.damagedFrom = scan.damagedFrom;
  e.highestSeen = scan.highestSeen;
  return e;
}

// The newest one that is whole; and whether the log joins up with it.
void Journal::chooseSnapshot(Evidence& e) {
  const SnapshotTable::Found found = tables_->snapshots.all();
  e.highestSeen = std::max(e.highestSeen, found.highestSeen);
  std::optional<SnapshotRow> good;
  for (const SnapshotRow& row : found.rows) {
    try {
      snapshotFolder_.openVerified(row);
      good = row;
      break;
    } catch (const Error& damaged) {
      if (damaged.status() != CK_CORRUPT) throw;
      snapshotFolder_.setAside(row);
    }
  }
  const LogShape::Position position{good ? good->index : 0, good ? good->term : 0};
  e.snapshotLost = position.index < e.control.snapshotIndex || found.damaged != 0;

  // Rows that do not join up with the snapshot are of no use.
  const bool gapBelow = e.snapshotLost && e.control.base.index > position.index;
  const bool endsBelow = !e.shape.empty() && e.shape.last() < position.index;
  const bool disjoint = gapBelow || endsBelow;
  if (disjoint && !e.shape.empty() && e.damagedFrom == 0) e.damagedFrom = e.shape.first();
  e.shape.install(position,
                  disjoint ? LogShape::LogAfterSnapshot::dropped : LogShape::LogAfterSnapshot::kept);
  shape_ = e.shape;
}

// Leaves a whole, shorter store behind that knows how far it has to be repaired. What is dropped is copied
// before.
void Journal::repair(const Evidence& e, const Verdict& verdict) {
  if (e.damagedFrom != 0) {
    const auto copy = options_.folder / "damaged.db";
    const File empty(copy, File::Mode::createOrTruncate);  // VACUUM refuses a file that holds something
    db_->run("VACUUM INTO '" + quoted(copy.string()) + "'");
  }
  begin();
  if (shape_.empty())
    tables_->log.clear(shape_.snapshot().index);
  else
    tables_->log.removeBeyondEnd();
  if (e.snapshotLost) tables_->snapshots.keepUpto(shape_.snapshot().index);
  control_.snapshotIndex = shape_.snapshot().index;
  control_.repairIndex = verdict.highWater;
  controlChanged_ = true;
  commit();
}

}  // namespace clusterkit::sqlite
