#include <gmock/gmock.h>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::memory {
namespace {

using contract::BatchOf;
using contract::StoreUnderTest;
using contract::TempFolder;

TEST(MemoryStore, SaysAtTheStartThatItForgets) {
  TempFolder folder;
  StoreUnderTest store("memory", folder.path());
  ASSERT_EQ(store.open().status, CK_OK);
  EXPECT_THAT(store.host().logged(), testing::Contains("store_in_memory"));
  ASSERT_EQ(store.submit(BatchOf().hard(3, 1, 0).entry(1, 1, "x")), CK_OK);
  ASSERT_EQ(store.stop(), CK_OK);
  StoreUnderTest again("memory", folder.path());
  const auto opened = again.open();
  EXPECT_EQ(opened.image.last_index, 0u);
  EXPECT_EQ(opened.image.hard.term, 0u);
}

TEST(MemoryStore, S055_FailsTheSyncOfTheChosenBatchOnceAndForGood) {
  TempFolder folder;
  StoreUnderTest store("memory", folder.path(), {{"fail_at", "3"}});
  ASSERT_EQ(store.open().status, CK_OK);
  for (std::uint64_t i = 1; i <= 2; ++i) {
    ASSERT_EQ(store.submit(BatchOf().entry(i, 1, "x")), CK_OK);
    ASSERT_TRUE(store.allDurable());
  }
  ASSERT_EQ(store.submit(BatchOf().entry(3, 1, "x")), CK_OK);
  EXPECT_FALSE(store.allDurable());
  ASSERT_EQ(store.durableErrors().size(), 1u);
  EXPECT_EQ(store.durableErrors()[0].code, CK_IO);
  EXPECT_EQ(store.durable(), 2u);
  EXPECT_EQ(store.host().fatals(), 1u);
  EXPECT_EQ(store.submit(BatchOf().entry(4, 1, "x")), CK_FATAL);
  EXPECT_EQ(store.read(1, 2).status, CK_FATAL);
  EXPECT_EQ(store.stop(), CK_OK);
  EXPECT_EQ(store.durableErrors().size(), 1u);
}

TEST(MemoryStore, PretendsAFullDiskForAWhile) {
  TempFolder folder;
  StoreUnderTest store("memory", folder.path(), {{"full_at", "2"}, {"full_for", "10ms"}});
  ASSERT_EQ(store.open().status, CK_OK);
  ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "x")), CK_OK);
  EXPECT_EQ(store.submit(BatchOf().entry(2, 1, "x")), CK_NO_SPACE);
  EXPECT_EQ(store.submit(BatchOf().entry(2, 1, "x")), CK_NO_SPACE);
  EXPECT_EQ(store.read(1, 3).entries.size(), 1u);
  ASSERT_TRUE(store.host().runUntil([&] { return store.writables() == 1; }));
  EXPECT_EQ(store.submit(BatchOf().entry(2, 1, "x")), CK_OK);
  EXPECT_TRUE(store.allDurable());
}

TEST(MemoryStore, SlowSyncIsSharedByWhatComesMeanwhile) {
  TempFolder folder;
  StoreUnderTest store("memory", folder.path(), {{"sync_delay", "10ms"}});
  ASSERT_EQ(store.open().status, CK_OK);
  for (std::uint64_t i = 1; i <= 50; ++i) ASSERT_EQ(store.submit(BatchOf().entry(i, 1, "x")), CK_OK);
  EXPECT_EQ(store.durable(), 0u);
  ASSERT_TRUE(store.host().runUntil([&] { return store.durable() > 0; }));
  EXPECT_EQ(store.durable(), 1u);
  ASSERT_TRUE(store.host().runUntil([&] { return store.durable() > 1; }));
  EXPECT_EQ(store.durable(), 50u);
}

}  // namespace
}  // namespace clusterkit::memory
