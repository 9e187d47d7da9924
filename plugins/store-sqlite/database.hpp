// One SQLite connection and its prepared statements. Failures throw clusterkit::Error: CK_NO_SPACE (disk
// full, retry later), CK_CONFLICT (in use), CK_IO (final), CK_CORRUPT (final). The text names what was done,
// the file, the system's reason where there is one, and SQLite's own.
#pragma once

#include <sqlite3.h>

#include <clusterkit/plugin.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace clusterkit::sqlite {

class Database {
 public:
  Database() = default;
  // The file must exist: whoever creates it chooses its mode, and the WAL inherits that.
  explicit Database(const std::filesystem::path& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { close(); }

  void run(const std::string& sql);
  std::string text(const std::string& sql);  // first column of the first row; empty without a row
  std::int64_t number(const std::string& sql);
  // Sets a PRAGMA and makes sure that it took.
  void setPragma(const std::string& name, const std::string& value, const std::string& readBack);

  void begin() { run("BEGIN"); }
  void commit();
  void rollback() noexcept;  // also when SQLite has rolled back by itself

  // Pages in the WAL after the last commit.
  std::uint64_t walPages() const { return walPages_; }
  // Moves the WAL's pages into the database file, so that the next commit overwrites the WAL from its start.
  void checkpoint();
  void close() noexcept;
  void abandon() noexcept;  // closes without the checkpoint that a close does

  sqlite3* handle() const { return db_; }
  [[noreturn]] void fail(const std::string& what) const;

 private:
  void growWalAhead();
  [[noreturn]] void fail(const std::string& what, int systemError) const;

  sqlite3* db_ = nullptr;
  std::filesystem::path path_;
  std::uint64_t walPages_ = 0;   // not yet in the database file
  std::uint64_t walFrames_ = 0;  // written since the WAL was begun anew
  sqlite3_int64 walSize_ = 0;    // of the file, when last looked at or grown
};

// A prepared statement. bind() numbers its arguments from 1; a row is read by column from 0.
class Statement {
 public:
  Statement(Database& db, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(stmt_); }

  // Text and blobs are borrowed until the statement is run or reset.
  template <class... Args>
  Statement& bind(Args... args) {
    sqlite3_reset(stmt_);
    int i = 0;
    (bindOne(++i, args), ...);
    return *this;
  }
  bool step();  // true = there is a row
  void run() {  // a statement without rows
    while (step()) {
    }
    reset();
  }
  void reset() { sqlite3_reset(stmt_); }

  std::uint64_t number(int column) { return static_cast<std::uint64_t>(sqlite3_column_int64(stmt_, column)); }
  std::string_view blob(int column) {  // valid until the next step
    const void* p = sqlite3_column_blob(stmt_, column);
    return {static_cast<const char*>(p),
            p ? static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column)) : 0};
  }

 private:
  void bindOne(int i, std::uint64_t v) { check(sqlite3_bind_int64(stmt_, i, static_cast<sqlite3_int64>(v))); }
  void bindOne(int i, std::string_view v) {
    // A null pointer would bind NULL, and the columns are NOT NULL.
    check(sqlite3_bind_blob64(stmt_, i, v.data() ? v.data() : "", v.size(), SQLITE_STATIC));
  }
  void check(int result) {
    if (result != SQLITE_OK) db_.fail("cannot bind");
  }

  Database& db_;
  sqlite3_stmt* stmt_ = nullptr;
};

}  // namespace clusterkit::sqlite
