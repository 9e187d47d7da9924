#include "database.hpp"

#include <array>

#include "file.hpp"

namespace clusterkit::sqlite {

namespace {

// The WAL's format: a header, then frames of a header and a page (sqlite.org/fileformat2.html, 4.1).
constexpr std::uint64_t walHeaderBytes = 32;
constexpr std::uint64_t walFrameBytes = 24 + 4096;

// Zeros are written when fewer than walReserve bytes of them are left: most commits fit into that.
constexpr sqlite3_int64 walReserve = 256 * 1024;
constexpr sqlite3_int64 walStep = 1024 * 1024;

// A quota that is used up is a write error to SQLite. A sync that failed is final, whatever the reason.
ck_status statusOf(int code, int systemError) {
  if (code == SQLITE_IOERR_WRITE && meansNoSpace(systemError)) return CK_NO_SPACE;
  switch (code & 0xff) {
    case SQLITE_NOMEM:
    case SQLITE_FULL: return CK_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return CK_CONFLICT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return CK_CORRUPT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return CK_IO;
    default: return CK_INTERNAL;
  }
}

// What the system said of the last call on this file that failed; 0 = nothing.
int lastErrnoOf(sqlite3_file* file) {
  int error = 0;
  if (file != nullptr && file->pMethods != nullptr)
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
  return error;
}

sqlite3_file* walOf(sqlite3* db) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return file;
}

// Of the statement that has just failed. For a COMMIT it is not kept (SQLite 3.40).
int systemErrorOf(sqlite3* db, int code) {
  const int kind = code & 0xff;
  if (kind == SQLITE_FULL) return ENOSPC;
  return kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0;
}

// "Input/output error (sqlite 1034: disk I/O error)"
std::string reasonOf(sqlite3* db, int code, int systemError) {
  const std::string own = "sqlite " + std::to_string(code) + ": " + sqlite3_errmsg(db);
  return systemError != 0 ? systemReason(systemError) + " (" + own + ")" : own;
}

}  // namespace

Database::Database(const std::filesystem::path& path) : path_(path) {
  const int result =
      sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (result != SQLITE_OK) {
    const int error = db_ != nullptr ? systemErrorOf(db_, result) : ENOMEM;
    const std::string reason = db_ != nullptr ? reasonOf(db_, result, error) : systemReason(error);
    close();
    throw Error(statusOf(result, error), "cannot open " + path.string() + ": " + reason, error);
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_wal_hook(  // also takes the place of SQLite's own automatic checkpoint
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        auto& database = *static_cast<Database*>(self);
        database.walPages_ = database.walFrames_ = static_cast<std::uint64_t>(pages);
        return SQLITE_OK;
      },
      this);
}

void Database::fail(const std::string& what) const {
  fail(what, systemErrorOf(db_, sqlite3_extended_errcode(db_)));
}

void Database::fail(const std::string& what, int systemError) const {
  const int code = sqlite3_extended_errcode(db_);
  throw Error(statusOf(code, systemError),
              what + " " + path_.string() + ": " + reasonOf(db_, code, systemError), systemError);
}

// It writes to the WAL and to nothing else, so the WAL knows why it failed.
void Database::commit() {
  growWalAhead();
  if (sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK) return;
  const int code = sqlite3_extended_errcode(db_);
  const bool io = (code & 0xff) == SQLITE_IOERR;
  fail("cannot run COMMIT on", io ? lastErrnoOf(walOf(db_)) : systemErrorOf(db_, code));
}

void Database::run(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    fail("cannot run " + sql + " on");
}

// Both run the statement to its end: a PRAGMA that changes the file gives its row first and does the work, or
// fails to, only then.
std::string Database::text(const std::string& sql) {
  Statement s(*this, sql.c_str());
  if (!s.step()) return {};
  std::string first(s.blob(0));
  s.run();  // to its end
  return first;
}

std::int64_t Database::number(const std::string& sql) {
  Statement s(*this, sql.c_str());
  if (!s.step()) return 0;
  const auto first = static_cast<std::int64_t>(s.number(0));
  s.run();  // to its end
  return first;
}

void Database::setPragma(const std::string& name, const std::string& value, const std::string& readBack) {
  text("PRAGMA " + name + "=" + value);
  const std::string is = text("PRAGMA " + name);
  if (is != readBack)
    throw Error(CK_UNSUPPORTED,
                "this SQLite does not take PRAGMA " + name + "=" + value + " (it says '" + is + "')");
}

void Database::rollback() noexcept {
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

// A sync of a file that has grown writes its inode and block map too, each a wait for the disk of its own. So
// the WAL grows in large steps of zeros, which SQLite takes for the end of it, and commits overwrite them.
void Database::growWalAhead() {
  if (walFrames_ == 0) return;  // how much of the WAL is used shows at the first commit
  const auto used = static_cast<sqlite3_int64>(walHeaderBytes + walFrames_ * walFrameBytes);
  if (walSize_ - used >= walReserve) return;
  sqlite3_file* const wal = walOf(db_);
  // Asked once for each step and not for each commit: Linux stamps a file anew at the write after such a
  // question, and then a sync writes the inode.
  if (wal == nullptr || wal->pMethods == nullptr || wal->pMethods->xFileSize(wal, &walSize_) != SQLITE_OK)
    return;
  if (walSize_ - used >= walReserve) return;
  static constexpr std::array<char, 64 * 1024> zeros{};
  // A full disk shows at the COMMIT that follows, if that does not fit into what is left.
  for (const sqlite3_int64 end = walSize_ + walStep; walSize_ < end;
       walSize_ += static_cast<sqlite3_int64>(zeros.size())) {
    const int result = wal->pMethods->xWrite(wal, zeros.data(), static_cast<int>(zeros.size()), walSize_);
    if (result == SQLITE_OK) continue;
    const int error = lastErrnoOf(wal);
    if (result == SQLITE_FULL || meansNoSpace(error)) return;
    throw Error(CK_IO, "cannot write " + path_.string() + "-wal: " + systemReason(error), error);
  }
}

void Database::checkpoint() {
  int inWal = 0;
  int moved = 0;
  if (sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &inWal, &moved) != SQLITE_OK)
    fail("cannot checkpoint");
  walPages_ = inWal > moved ? static_cast<std::uint64_t>(inWal - moved) : 0;
}

void Database::close() noexcept {
  if (db_ != nullptr) sqlite3_close_v2(std::exchange(db_, nullptr));
}

void Database::abandon() noexcept {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  close();
}

Statement::Statement(Database& db, const char* sql) : db_(db) {
  if (sqlite3_prepare_v3(db.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt_, nullptr) != SQLITE_OK)
    db.fail("cannot prepare a statement for");
}

bool Statement::step() {
  const int result = sqlite3_step(stmt_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) {
    // Errors keep their text until the reset, so they are reported first.
    try {
      db_.fail("cannot use");
    } catch (...) {
      sqlite3_reset(stmt_);
      throw;
    }
  }
  return false;
}

}  // namespace clusterkit::sqlite
