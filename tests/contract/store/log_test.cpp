#include "contract/store/store_contract.hpp"

namespace clusterkit::contract {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

class StoreLog : public StoreContract {};
CLUSTERKIT_EVERY_STORE(StoreLog);

TEST_P(StoreLog, ReturnsWhatWasAppended) {
  const Entry odd{1, 7, std::string("\0\xff binary \n", 11), 0xfedcba98, 0x80000001};
  ASSERT_EQ(store->submit(BatchOf().entry(odd).entry(2, 9, "")), CK_OK);
  ASSERT_TRUE(store->allDurable());
  const auto read = store->read(1, 100);
  EXPECT_EQ(read.status, CK_OK);
  EXPECT_THAT(read.entries, ElementsAre(odd, Entry{2, 9, ""}));
}

TEST_P(StoreLog, ReadSeesEverySubmitBeforeItWithoutWaitingForDurability) {
  for (std::uint64_t i = 1; i <= 20; ++i) append(i, i, 1);
  EXPECT_EQ(store->read(1, 21).entries, entries(1, 20, 1));
}

TEST_P(StoreLog, ReadEndsBeforeHiAndBeforeMaxBytesButGivesAtLeastOne) {
  BatchOf batch;
  for (std::uint64_t i = 1; i <= 10; ++i) batch.entry(i, 1, std::string(100, 'x'));
  ASSERT_EQ(store->submit(batch), CK_OK);
  EXPECT_THAT(store->read(3, 6).entries, SizeIs(3));
  EXPECT_THAT(store->read(1, 11, 350).entries, SizeIs(3));
  EXPECT_THAT(store->read(1, 11, 300).entries, SizeIs(3));
  EXPECT_THAT(store->read(5, 11, 1).entries, SizeIs(1));
  EXPECT_THAT(store->read(5, 11, 0).entries, SizeIs(1));
}

TEST_P(StoreLog, ReadOutsideTheLogIsNotFound) {
  EXPECT_EQ(store->read(1, 2).status, CK_NOT_FOUND);
  append(1, 5, 1);
  EXPECT_EQ(store->read(6, 9).status, CK_NOT_FOUND);
  EXPECT_EQ(store->read(3, 3).status, CK_INVALID);
  EXPECT_EQ(store->read(0, 3).status, CK_INVALID);
}

TEST_P(StoreLog, TermsAreKnownAtOnce) {
  append(1, 3, 2);
  append(4, 4, 5);
  append(5, 9, 6);
  EXPECT_EQ(store->termAt(0), std::nullopt);
  EXPECT_EQ(store->termAt(1), 2u);
  EXPECT_EQ(store->termAt(3), 2u);
  EXPECT_EQ(store->termAt(4), 5u);
  EXPECT_EQ(store->termAt(5), 6u);
  EXPECT_EQ(store->termAt(9), 6u);
  EXPECT_EQ(store->termAt(10), std::nullopt);
}

TEST_P(StoreLog, S027_ConflictingSuffixIsReplacedInOneStep) {
  append(1, 5, 1);
  append(6, 7, 2);
  ASSERT_EQ(store->submit(BatchOf().truncateFrom(6).entry(6, 3, bytesOf(6, 3))), CK_OK);
  ASSERT_TRUE(store->allDurable());
  auto expected = entries(1, 5, 1);
  expected.push_back({6, 3, bytesOf(6, 3)});
  EXPECT_EQ(store->read(1, 100).entries, expected);
  EXPECT_EQ(store->termAt(6), 3u);
  EXPECT_EQ(store->termAt(7), std::nullopt);
}

TEST_P(StoreLog, CanBeTruncatedToNothingAndStartedAgain) {
  append(1, 3, 1);
  ASSERT_EQ(store->submit(BatchOf().truncateFrom(1)), CK_OK);
  EXPECT_EQ(store->read(1, 2).status, CK_NOT_FOUND);
  append(1, 2, 4);
  EXPECT_EQ(store->read(1, 9).entries, entries(1, 2, 4));
  EXPECT_EQ(store->termAt(1), 4u);
}

TEST_P(StoreLog, TruncateBeyondTheEndChangesNothing) {
  append(1, 3, 1);
  ASSERT_EQ(store->submit(BatchOf().truncateFrom(4)), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().truncateFrom(99)), CK_OK);
  EXPECT_EQ(store->read(1, 9).entries, entries(1, 3, 1));
}

TEST_P(StoreLog, EntriesThatDoNotContinueAreRefusedWhole) {
  append(1, 3, 1);
  EXPECT_EQ(store->submit(BatchOf().hard(9, 9, 9).entry(5, 1, "gap")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().entry(3, 1, "again")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().entry(4, 1, "good").entry(6, 1, "gap")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().truncateFrom(2).entry(3, 1, "gap")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().meta("", "nameless")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().meta("big", std::string(64 * 1024 + 1, 'x'))), CK_INVALID);
  append(4, 4, 1);  // the refused ones took no seq and left nothing behind
  ASSERT_TRUE(store->allDurable());
  EXPECT_EQ(store->read(1, 9).entries, entries(1, 4, 1));
}

TEST_P(StoreLog, SeqMustRiseByOne) {
  EXPECT_EQ(store->submit(BatchOf().entry(1, 1, "x"), 2), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().entry(1, 1, "x"), 1), CK_OK);
  EXPECT_EQ(store->submit(BatchOf().entry(2, 1, "x"), 1), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().entry(2, 1, "x"), 2), CK_OK);
  EXPECT_TRUE(store->host().runUntil([&] { return store->durable() == 2; }));
}

TEST_P(StoreLog, DurabilityIsReportedForBatchesWithoutSyncToo) {
  ASSERT_EQ(store->submit(BatchOf().entry(1, 1, "x").withoutSync()), CK_OK);
  EXPECT_TRUE(store->allDurable());
  ASSERT_EQ(store->submit(BatchOf().withoutSync()), CK_OK);
  ASSERT_EQ(store->submit(BatchOf()), CK_OK);
  EXPECT_TRUE(store->allDurable());
}

TEST_P(StoreLog, DurabilityIsNeverReportedInsideTheSubmit) {
  const std::uint64_t before = store->durable();
  if (GetParam() == "memory") {  // the sqlite store's own thread may report before submit has returned to us
    append(1, 1, 1);
    EXPECT_EQ(store->durable(), before);
  }
  EXPECT_TRUE(store->allDurable());
}

TEST_P(StoreLog, CompactionIsRefusedAboveTheSnapshot) {
  append(1, 10, 1);
  EXPECT_EQ(store->submit(BatchOf().compactTo(5)), CK_INVALID);
  ASSERT_EQ(store->snapshot(5, 1, "state"), CK_OK);
  EXPECT_EQ(store->submit(BatchOf().compactTo(6)), CK_INVALID);
  ASSERT_EQ(store->submit(BatchOf().compactTo(5)), CK_OK);
  EXPECT_EQ(store->read(5, 9).status, CK_NOT_FOUND);
  EXPECT_EQ(store->read(6, 99).entries, entries(6, 10, 1));
  EXPECT_EQ(store->termAt(4), std::nullopt);
  EXPECT_EQ(store->termAt(5), 1u);  // the snapshot's
}

TEST_P(StoreLog, CompactedWholeItContinuesAfterTheSnapshot) {
  append(1, 10, 3);
  ASSERT_EQ(store->snapshot(10, 3, "state"), CK_OK);
  ASSERT_EQ(store->submit(BatchOf().compactTo(10)), CK_OK);
  EXPECT_EQ(store->submit(BatchOf().entry(10, 3, "x")), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().entry(12, 3, "x")), CK_INVALID);
  append(11, 12, 4);
  EXPECT_EQ(store->read(11, 99).entries, entries(11, 12, 4));
}

TEST_P(StoreLog, OneBatchAppliesItsPartsInTheDocumentedOrder) {
  append(1, 6, 1);
  ASSERT_EQ(store->snapshot(4, 1, "state"), CK_OK);
  BatchOf all;
  all.hard(2, 1, 4).truncateFrom(6).entry(6, 2, bytesOf(6, 2)).compactTo(4).meta("k", "v");
  ASSERT_EQ(store->submit(all), CK_OK);
  ASSERT_TRUE(store->allDurable());
  EXPECT_THAT(store->read(5, 99).entries,
              ElementsAre(Entry{5, 1, bytesOf(5, 1)}, Entry{6, 2, bytesOf(6, 2)}));
  EXPECT_EQ(store->meta("k"), "v");
}

TEST_P(StoreLog, ManySmallBatchesBecomeDurableInOrder) {
  for (std::uint64_t i = 1; i <= 2000; ++i) append(i, i, 1 + i / 300);
  ASSERT_TRUE(store->allDurable());
  std::uint64_t next = 1;
  while (next <= 2000) {
    const auto read = store->read(next, 2001, 4000);
    ASSERT_EQ(read.status, CK_OK);
    for (const Entry& e : read.entries) {
      ASSERT_EQ(e, (Entry{next, 1 + next / 300, bytesOf(next, 1 + next / 300)}));
      ++next;
    }
  }
}

}  // namespace
}  // namespace clusterkit::contract
