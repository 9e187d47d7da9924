// The data folder over restarts.
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <fstream>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;
using contract::TempFolder;
using testing::HasSubstr;

class Reopen : public testing::Test {
 protected:
  StoreUnderTest::Opened start() {
    store = std::make_unique<StoreUnderTest>("sqlite", folder.path());
    return store->open();
  }
  void appendDurably(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    BatchOf batch;
    for (std::uint64_t i = first; i <= last; ++i) batch.entry(i, term, "entry " + std::to_string(i));
    ASSERT_EQ(store->submit(batch), CK_OK);
    ASSERT_TRUE(store->allDurable());
  }
  std::filesystem::path storeFolder() const { return folder.path() / "store"; }
  std::size_t snapshotFiles() const {
    const auto files = std::filesystem::directory_iterator(storeFolder() / "snapshots");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }
  // Of a store that is closed.
  int userVersion() {
    sqlite3* db = nullptr;
    sqlite3_stmt* question = nullptr;
    EXPECT_EQ(sqlite3_open((storeFolder() / "store.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &question, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(question), SQLITE_ROW);
    const int version = sqlite3_column_int(question, 0);
    sqlite3_finalize(question);
    sqlite3_close(db);
    return version;
  }
  // Statements of the test's own on a store that is closed.
  void alter(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open((storeFolder() / "store.db").c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_close(db);
  }

  TempFolder folder;
  std::unique_ptr<StoreUnderTest> store;
};

TEST_F(Reopen, FindsEverythingAfterAStop) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 50, 4);
  ASSERT_EQ(store->submit(BatchOf().hard(6, 77, 33).meta("name", "value").meta("gone", "x")), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().meta("gone", std::nullopt)), CK_OK);
  ASSERT_EQ(store->snapshot(20, 4, "state at 20", "voters"), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().compactTo(20)), CK_OK);
  ASSERT_EQ(store->stop(), CK_OK);

  const auto opened = start();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_FALSE(opened.repairing());
  EXPECT_EQ(opened.image.hard.term, 6u);
  EXPECT_EQ(opened.image.hard.voted_for, 77u);
  EXPECT_EQ(opened.image.hard.commit, 33u);
  EXPECT_EQ(opened.image.first_index, 21u);
  EXPECT_EQ(opened.image.last_index, 50u);
  EXPECT_EQ(opened.image.last_term, 4u);
  EXPECT_EQ(opened.image.high_water_index, 50u);
  EXPECT_EQ(opened.image.snapshot.index, 20u);
  EXPECT_EQ(opened.image.snapshot.term, 4u);
  EXPECT_EQ(opened.image.snapshot.total_size, 11u);
  EXPECT_EQ(opened.snapshotConfig, "voters");
  EXPECT_EQ(store->snapshotBytes(), "state at 20");
  EXPECT_EQ(store->meta("name"), "value");
  EXPECT_EQ(store->meta("gone"), std::nullopt);
  EXPECT_EQ(store->read(21, 51).entries.size(), 30u);
  EXPECT_EQ(store->termAt(21), 4u);
  appendDurably(51, 51, 7);
}

TEST_F(Reopen, FindsWhatWasDurableAfterDestructionWithoutStop) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 9, 1);
  store.reset();
  EXPECT_EQ(start().image.last_index, 9u);
}

TEST_F(Reopen, SurvivesManyRestartsWithTruncationsAndCompactions) {
  std::uint64_t last = 0;
  for (std::uint64_t round = 1; round <= 30; ++round) {
    const auto opened = start();
    ASSERT_EQ(opened.status, CK_OK) << opened.error;
    ASSERT_FALSE(opened.repairing()) << round;
    ASSERT_EQ(opened.image.last_index, last);
    appendDurably(last + 1, last + 10, round);
    last += 5;
    ASSERT_EQ(store->submit(BatchOf().truncateFrom(last + 1)), CK_OK);
    if (round % 3 == 0) {
      ASSERT_EQ(store->snapshot(last - 2, *store->termAt(last - 2), "s"), CK_OK);
      ASSERT_EQ(store->submit(BatchOf().compactTo(last - 2)), CK_OK);
    }
    ASSERT_EQ(store->stop(), CK_OK);
  }
}

TEST_F(Reopen, LogDroppedBySnapshotStaysDropped) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 9, 1);
  ASSERT_EQ(store->snapshot(100, 5, "state"), CK_OK);
  ASSERT_EQ(store->stop(), CK_OK);
  const auto opened = start();
  EXPECT_FALSE(opened.repairing());
  EXPECT_EQ(opened.image.last_index, 0u);
  EXPECT_EQ(opened.image.last_term, 5u);
  EXPECT_EQ(opened.image.high_water_index, 100u);
  appendDurably(101, 101, 5);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(start().image.first_index, 101u);
}

TEST_F(Reopen, S063_TwoSnapshotsAreKeptAndTheNewestIsUsed) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 30, 1);
  for (std::uint64_t i = 5; i <= 25; i += 5) ASSERT_EQ(store->snapshot(i, 1, "s" + std::to_string(i)), CK_OK);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(snapshotFiles(), 2u);
  EXPECT_EQ(start().image.snapshot.index, 25u);
  EXPECT_EQ(snapshotFiles(), 2u);
}

TEST_F(Reopen, UnfinishedAndUnknownSnapshotFilesAreRemoved) {
  ASSERT_EQ(start().status, CK_OK);
  store->stop();
  std::ofstream(storeFolder() / "snapshots" / "incoming-9.tmp") << "half";
  std::ofstream(storeFolder() / "snapshots" / "0000000000000009-0000000000000001.snap")
      << "renamed, never committed";
  EXPECT_EQ(start().image.snapshot.index, 0u);
  EXPECT_EQ(snapshotFiles(), 0u);
}

TEST_F(Reopen, S067_PreviousSnapshotServesWhenTheNewestIsDamagedAndTheLogReachesBack) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 30, 1);
  ASSERT_EQ(store->snapshot(10, 1, "ten"), CK_OK);
  ASSERT_EQ(store->snapshot(20, 1, "twenty"), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().compactTo(10)), CK_OK);
  ASSERT_EQ(store->stop(), CK_OK);
  for (const auto& f : std::filesystem::directory_iterator(storeFolder() / "snapshots"))
    if (f.file_size() == 6) std::ofstream(f.path()) << "twentY";
  const auto opened = start();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_TRUE(opened.repairing());
  EXPECT_EQ(opened.image.snapshot.index, 10u);
  EXPECT_EQ(opened.image.last_index, 30u);
  EXPECT_EQ(store->snapshotBytes(), "ten");
}

TEST_F(Reopen, DamagedSnapshotUnderACompactedLogLeavesNothingButTheHardState) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 30, 1);
  ASSERT_EQ(store->submit(BatchOf().hard(9, 3, 25)), CK_OK);
  ASSERT_EQ(store->snapshot(20, 1, "twenty"), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().compactTo(20)), CK_OK);
  ASSERT_EQ(store->stop(), CK_OK);
  for (const auto& f : std::filesystem::directory_iterator(storeFolder() / "snapshots"))
    std::filesystem::resize_file(f.path(), 3);
  const auto opened = start();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_TRUE(opened.repairing());
  EXPECT_EQ(opened.image.snapshot.index, 0u);
  EXPECT_EQ(opened.image.last_index, 0u);
  EXPECT_EQ(opened.image.high_water_index, 30u);
  EXPECT_EQ(opened.image.hard.term, 9u);
  EXPECT_EQ(opened.image.hard.voted_for, 3u);
  ASSERT_EQ(store->snapshot(40, 2, "from the leader"), CK_OK);  // made whole
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_FALSE(start().repairing());
}

TEST_F(Reopen, SecondOpenerIsRefusedWithTheFoldersName) {
  ASSERT_EQ(start().status, CK_OK);
  StoreUnderTest second("sqlite", folder.path());
  const auto opened = second.open();
  EXPECT_EQ(opened.status, CK_CONFLICT);
  EXPECT_THAT(opened.error, HasSubstr(storeFolder().string()));
  EXPECT_EQ(second.stop(), CK_OK);
  appendDurably(1, 1, 1);  // the first one is not disturbed
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(start().status, CK_OK);
}

TEST_F(Reopen, FilesAreForTheOwnerOnly) {
  const mode_t before = ::umask(0);
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 3, 1);
  ASSERT_EQ(store->snapshot(2, 1, "state"), CK_OK);
  ::umask(before);
  int files = 0;
  for (const auto& f : std::filesystem::recursive_directory_iterator(folder.path())) {
    const auto expected = f.is_directory()
                              ? std::filesystem::perms::owner_all
                              : std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
    EXPECT_EQ(f.status().permissions(), expected) << f.path();
    ++files;
  }
  EXPECT_GE(files, 7);  // store, snapshots, lock, high-water, store.db, store.db-wal, one snapshot
}

TEST_F(Reopen, NewerFormatIsRefusedWithBothVersions) {
  ASSERT_EQ(start().status, CK_OK);
  store->stop();
  alter("PRAGMA user_version=42");
  const auto opened = start();
  EXPECT_EQ(opened.status, CK_INVALID);
  EXPECT_THAT(opened.error, HasSubstr("42"));
  EXPECT_THAT(opened.error, HasSubstr("up to 2"));
}

// Which has no waste below the log's base; a version that knew only that would take waste for damage.
TEST_F(Reopen, TheFormatBeforeIsReadAndRaised) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 5, 1);
  store->stop();
  alter("PRAGMA user_version=1");
  const auto opened = start();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_EQ(opened.image.last_index, 5u);
  store->stop();
  EXPECT_EQ(userVersion(), 2);
}

TEST_F(Reopen, S043_MissingHardStateIsRefusedAndSaysWhatToDo) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 5, 1);
  store->stop();
  alter("DELETE FROM control");
  const auto opened = start();
  EXPECT_EQ(opened.status, CK_CORRUPT);
  EXPECT_THAT(opened.error, HasSubstr("vote"));
  EXPECT_THAT(opened.error, HasSubstr("join as a new member"));
}

TEST_F(Reopen, S044_ChangedHardStateIsRefused) {
  ASSERT_EQ(start().status, CK_OK);
  ASSERT_EQ(store->submit(BatchOf().hard(5, 1, 0)), CK_OK);
  store->stop();
  alter("UPDATE control SET voted_for=2");
  const auto opened = start();
  EXPECT_EQ(opened.status, CK_CORRUPT);
  EXPECT_THAT(opened.error, HasSubstr("term and vote cannot be read"));
  EXPECT_THAT(opened.error, HasSubstr("join as a new member"));
}

TEST_F(Reopen, ChangedOrMissingNamedValueIsRefused) {
  ASSERT_EQ(start().status, CK_OK);
  ASSERT_EQ(store->submit(BatchOf().meta("a", "1").meta("b", "2")), CK_OK);
  store->stop();
  alter("DELETE FROM meta WHERE name=CAST('a' AS BLOB)");
  EXPECT_EQ(start().status, CK_CORRUPT);
}

TEST_F(Reopen, RowsFromTheMiddleToTheEndAreGivenUpWhenOneIsMissing) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 50, 1);
  store->stop();
  alter("DELETE FROM log WHERE idx=31");
  const auto opened = start();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_TRUE(opened.repairing());
  EXPECT_EQ(opened.image.last_index, 30u);
  EXPECT_EQ(opened.image.high_water_index, 50u);
  EXPECT_TRUE(std::filesystem::exists(storeFolder() / "damaged.db")) << "what was dropped is kept for people";
  appendDurably(31, 40, 2);
  store->stop();
  EXPECT_TRUE(start().repairing()) << "a restart does not make it whole";
  appendDurably(41, 50, 2);
  store->stop();
  EXPECT_FALSE(start().repairing());
}

TEST_F(Reopen, SwappedRowsAreFound) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 10, 1);
  store->stop();
  alter(
      "UPDATE log SET idx=100 WHERE idx=4; UPDATE log SET idx=4 WHERE idx=5; UPDATE log SET idx=5 WHERE "
      "idx=100");
  const auto opened = start();
  EXPECT_TRUE(opened.repairing());
  EXPECT_EQ(opened.image.last_index, 3u);
}

TEST_F(Reopen, DeletedDatabaseBesideAMarkIsRefused) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 10, 1);
  store->stop();
  std::filesystem::remove(storeFolder() / "store.db");
  EXPECT_EQ(start().status, CK_CORRUPT);
  EXPECT_EQ(start().status, CK_CORRUPT) << "and is not made anew by the first attempt";
}

TEST_F(Reopen, DeletedMarkIsRepairing) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 10, 1);
  store->stop();
  std::filesystem::remove(storeFolder() / "high-water");
  EXPECT_TRUE(start().repairing());
  store->stop();
  EXPECT_TRUE(start().repairing());
  appendDurably(11, 11, 2);
  store->stop();
  EXPECT_FALSE(start().repairing());
}

TEST_F(Reopen, S046_DeletedWalIsRepairing) {
  ASSERT_EQ(start().status, CK_OK);
  appendDurably(1, 10, 1);
  const auto copy = folder.path() / "copy";
  std::filesystem::create_directory(copy);
  std::filesystem::copy(storeFolder(), copy / "store", std::filesystem::copy_options::recursive);
  std::filesystem::remove(copy / "store" / "store.db-wal");
  StoreUnderTest other("sqlite", copy);
  const auto opened = other.open();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_TRUE(opened.repairing());
  EXPECT_EQ(opened.image.high_water_index, 10u);
}

TEST_F(Reopen, LongLogsAreCheckpointedAndStayWhole) {
  store = std::make_unique<StoreUnderTest>("sqlite", folder.path(),
                                           StoreUnderTest::Options{{"checkpoint_pages", "100"}});
  ASSERT_EQ(store->open().status, CK_OK);
  for (std::uint64_t i = 0; i < 200; ++i) {
    BatchOf batch;
    for (std::uint64_t k = 1; k <= 10; ++k) batch.entry(i * 10 + k, 1, std::string(1000, 'x'));
    ASSERT_EQ(store->submit(batch), CK_OK);
    if (i % 10 == 9) {
      ASSERT_TRUE(store->allDurable());
      EXPECT_LT(std::filesystem::file_size(storeFolder() / "store.db-wal"), 3u << 20)
          << "the WAL is used again";
    }
  }
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(start().image.last_index, 2000u);
}

}  // namespace
}  // namespace clusterkit::sqlite
