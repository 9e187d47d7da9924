// What the store does with the space of its files while it works.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::StoreUnderTest;
using contract::TempFolder;

class Space : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(store->open().status, CK_OK); }

  void appendDurably(std::uint64_t first, std::uint64_t last) {
    BatchOf batch;
    for (std::uint64_t i = first; i <= last; ++i) batch.entry(i, 1, "entry " + std::to_string(i));
    submitDurably(batch);
  }
  void submitDurably(const BatchOf& batch) {
    ASSERT_EQ(store->submit(batch), CK_OK);
    ASSERT_TRUE(store->allDurable());
  }
  std::uintmax_t walSize() const {
    return std::filesystem::file_size(folder.path() / "store" / "store.db-wal");
  }
  // Of a store that is closed.
  std::int64_t rows() const {
    sqlite3* db = nullptr;
    sqlite3_stmt* count = nullptr;
    EXPECT_EQ(sqlite3_open((folder.path() / "store" / "store.db").c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_prepare_v2(db, "SELECT count(*) FROM log", -1, &count, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(count), SQLITE_ROW);
    const std::int64_t found = sqlite3_column_int64(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return found;
  }

  TempFolder folder;
  std::unique_ptr<StoreUnderTest> store = std::make_unique<StoreUnderTest>("sqlite", folder.path());
};

// A sync of a file that has grown waits for its inode and its block map too.
TEST_F(Space, TheWalGrowsInStepsAndNotWithEachCommit) {
  appendDurably(1, 1);
  appendDurably(2, 2);
  const auto size = walSize();
  EXPECT_GE(size, 1u << 20);
  for (std::uint64_t i = 3; i <= 40; ++i) appendDurably(i, i);
  EXPECT_EQ(walSize(), size);
}

TEST_F(Space, CompactionRemovesRowsAFewAtATimeAndForgetsThemAtOnce) {
  appendDurably(1, 1000);
  ASSERT_EQ(store->snapshot(900, 1, "state at 900"), CK_OK);
  submitDurably(BatchOf().compactTo(900));
  EXPECT_EQ(store->read(1, 10).status, CK_NOT_FOUND);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_GT(rows(), 700) << "no commit waits for all of them";

  store = std::make_unique<StoreUnderTest>("sqlite", folder.path());
  const auto opened = store->open();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_FALSE(opened.repairing());
  EXPECT_EQ(opened.image.first_index, 901u);
  EXPECT_EQ(opened.image.last_index, 1000u);
  EXPECT_EQ(store->read(1, 10).status, CK_NOT_FOUND);
  EXPECT_EQ(store->read(901, 1001).entries.size(), 100u);
  for (std::uint64_t i = 1001; i <= 1020; ++i) appendDurably(i, i);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(rows(), 120) << "the commits that followed took the rest with them";
}

TEST_F(Space, ALogThatBeginsElsewhereLeavesNoWasteBehind) {
  appendDurably(1, 500);
  ASSERT_EQ(store->snapshot(500, 1, "state at 500"), CK_OK);
  submitDurably(BatchOf().compactTo(500));
  ASSERT_EQ(store->snapshot(2000, 2, "state at 2000, from a leader"), CK_OK);
  submitDurably(BatchOf().entry(2001, 2, "first"));
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(rows(), 1);
}

}  // namespace
}  // namespace clusterkit::sqlite
