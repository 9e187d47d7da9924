#include <clusterkit/checksum.hpp>

#include "contract/store/store_contract.hpp"

namespace clusterkit::contract {
namespace {

class StoreSnapshot : public StoreContract {
 protected:
  static std::string pattern(std::size_t size, char seed) {
    std::string s(size, seed);
    for (std::size_t i = 0; i < size; ++i)
      s[i] = static_cast<char>(s[i] + static_cast<char>(i * 31 + i / 251));
    return s;
  }
};
CLUSTERKIT_EVERY_STORE(StoreSnapshot);

TEST_P(StoreSnapshot, ReturnsBytesAndMetaOfTheNewest) {
  append(1, 20, 2);
  EXPECT_EQ(store->snapOpen().status, CK_NOT_FOUND);
  const std::string bytes = pattern(12345, 'a');
  ASSERT_EQ(store->snapshot(10, 2, bytes, "voters: A B C"), CK_OK);
  const auto handle = store->snapOpen();
  ASSERT_EQ(handle.status, CK_OK);
  EXPECT_EQ(handle.meta.index, 10u);
  EXPECT_EQ(handle.meta.term, 2u);
  EXPECT_EQ(handle.meta.total_size, bytes.size());
  EXPECT_EQ(handle.meta.checksum, crc64(bytes));
  EXPECT_EQ(handle.config, "voters: A B C");
  EXPECT_EQ(store->snapshotBytes(), bytes);
}

TEST_P(StoreSnapshot, MayBeEmpty) {
  append(1, 2, 1);
  ASSERT_EQ(store->snapshot(2, 1, "", ""), CK_OK);
  EXPECT_EQ(store->snapshotBytes(), "");
}

TEST_P(StoreSnapshot, ReadBeyondTheEndIsEmpty) {
  append(1, 2, 1);
  ASSERT_EQ(store->snapshot(2, 1, "0123456789"), CK_OK);
  const auto handle = store->snapOpen();
  EXPECT_EQ(store->snapRead(handle.value, 8, 100).bytes, "89");
  EXPECT_EQ(store->snapRead(handle.value, 10, 100).bytes, "");
  EXPECT_EQ(store->snapRead(handle.value, 1000, 100).status, CK_OK);
  store->snapClose(handle.value);
  EXPECT_EQ(store->snapRead(handle.value, 0, 100).status, CK_STALE);
}

TEST_P(StoreSnapshot, S056_MatchingSuffixIsKept) {
  append(1, 100, 3);
  ASSERT_EQ(store->snapshot(60, 3, "state"), CK_OK);
  EXPECT_EQ(store->read(61, 101).entries, entries(61, 100, 3));
  EXPECT_EQ(store->read(1, 61).entries, entries(1, 60, 3));
}

TEST_P(StoreSnapshot, S057_ConflictingLogIsDroppedWhole) {
  append(1, 100, 2);
  ASSERT_EQ(store->snapshot(60, 3, "state"), CK_OK);
  EXPECT_EQ(store->read(1, 101).status, CK_NOT_FOUND);
  EXPECT_EQ(store->read(61, 101).status, CK_NOT_FOUND);
  EXPECT_EQ(store->termAt(60), 3u);
  EXPECT_EQ(store->termAt(61), std::nullopt);
  append(61, 61, 4);  // accepted at the first try
  EXPECT_EQ(store->read(61, 99).entries, entries(61, 61, 4));
}

TEST_P(StoreSnapshot, SnapshotBeyondTheLogReplacesIt) {
  append(1, 10, 1);
  ASSERT_EQ(store->snapshot(500, 7, "state"), CK_OK);
  EXPECT_EQ(store->read(5, 11).status, CK_NOT_FOUND);
  append(501, 502, 7);
  EXPECT_EQ(store->read(501, 600).entries, entries(501, 502, 7));
}

TEST_P(StoreSnapshot, LogCannotChangeUnderASnapshotThatReplacesIt) {
  append(1, 10, 1);
  const auto handle = store->snapCreate(50, 2);
  ASSERT_EQ(store->snapWrite(handle.value, 0, "state"), CK_OK);
  const ck_token commit = store->startSnapCommit(handle.value);
  const std::uint64_t writables = store->writables();
  const ck_status status = store->submit(BatchOf().entry(11, 1, "late"));
  EXPECT_TRUE(status == CK_AGAIN || status == CK_INVALID) << status;  // INVALID: it was instantaneous
  EXPECT_EQ(store->submit(BatchOf().hard(2, 0, 0)), CK_OK);
  EXPECT_EQ(store->host().wait(commit).status, CK_OK);
  if (status == CK_AGAIN) {
    EXPECT_TRUE(store->host().runUntil([&] { return store->writables() > writables; }));
  }
  append(51, 51, 2);
  EXPECT_TRUE(store->allDurable());
}

TEST_P(StoreSnapshot, EntriesBelowTheSnapshotCannotBeTruncated) {
  append(1, 10, 1);
  ASSERT_EQ(store->snapshot(5, 1, "state"), CK_OK);
  EXPECT_EQ(store->submit(BatchOf().truncateFrom(5)), CK_INVALID);
  EXPECT_EQ(store->submit(BatchOf().truncateFrom(6)), CK_OK);
}

TEST_P(StoreSnapshot, S058_OlderOrEqualOneIsStale) {
  append(1, 10, 1);
  ASSERT_EQ(store->snapshot(8, 1, "eight"), CK_OK);
  EXPECT_EQ(store->snapshot(6, 1, "six"), CK_STALE);
  EXPECT_EQ(store->snapshot(8, 1, "other eight"), CK_STALE);
  EXPECT_EQ(store->snapshotBytes(), "eight");
}

TEST_P(StoreSnapshot, S064_OffsetsRiseWithoutGaps) {
  append(1, 10, 1);
  const auto handle = store->snapCreate(10, 1);
  ASSERT_EQ(handle.status, CK_OK);
  EXPECT_EQ(store->snapWrite(handle.value, 5, "later"), CK_INVALID);
  EXPECT_EQ(store->snapWrite(handle.value, 0, "first "), CK_OK);
  EXPECT_EQ(store->snapWrite(handle.value, 0, "first "), CK_INVALID);
  EXPECT_EQ(store->snapWrite(handle.value, 6, "second"), CK_OK);
  EXPECT_EQ(store->snapCommit(handle.value), CK_OK);
  EXPECT_EQ(store->snapshotBytes(), "first second");
}

TEST_P(StoreSnapshot, S065_SecondCreateAbortsTheFirst) {
  append(1, 10, 1);
  const auto first = store->snapCreate(5, 1);
  ASSERT_EQ(store->snapWrite(first.value, 0, "first"), CK_OK);
  const auto second = store->snapCreate(6, 1);
  EXPECT_EQ(store->snapWrite(first.value, 5, "more"), CK_STALE);
  EXPECT_EQ(store->snapCommit(first.value), CK_STALE);
  ASSERT_EQ(store->snapWrite(second.value, 0, "second"), CK_OK);
  EXPECT_EQ(store->snapCommit(second.value), CK_OK);
  EXPECT_EQ(store->snapshotBytes(), "second");
}

TEST_P(StoreSnapshot, AbortedOneLeavesThePresentOne) {
  append(1, 10, 1);
  ASSERT_EQ(store->snapshot(5, 1, "five"), CK_OK);
  const auto handle = store->snapCreate(9, 1);
  ASSERT_EQ(store->snapWrite(handle.value, 0, "nine"), CK_OK);
  store->snapAbort(handle.value);
  EXPECT_EQ(store->snapCommit(handle.value), CK_STALE);
  EXPECT_EQ(store->snapshotBytes(), "five");
  EXPECT_EQ(store->snapshot(9, 1, "nine at last"), CK_OK);
}

TEST_P(StoreSnapshot, S067_AnnouncedSizeAndChecksumMustBeRight) {
  append(1, 10, 1);
  const auto damaged = store->snapCreate(5, 1, "c", 0, crc64("what the leader has"));
  ASSERT_EQ(store->snapWrite(damaged.value, 0, "what the leader hat"), CK_OK);
  EXPECT_EQ(store->snapCommit(damaged.value), CK_CORRUPT);
  const auto cut = store->snapCreate(5, 1, "c", 100, 0);
  ASSERT_EQ(store->snapWrite(cut.value, 0, "short"), CK_OK);
  EXPECT_EQ(store->snapCommit(cut.value), CK_INVALID);
  EXPECT_EQ(store->snapOpen().status, CK_NOT_FOUND);
  const auto good = store->snapCreate(5, 1, "c", 4, crc64("good"));
  ASSERT_EQ(store->snapWrite(good.value, 0, "good"), CK_OK);
  EXPECT_EQ(store->snapCommit(good.value), CK_OK);
}

TEST_P(StoreSnapshot, OpenHandleStaysReadableWhenNewerOnesCome) {
  append(1, 10, 1);
  ASSERT_EQ(store->snapshot(2, 1, "two"), CK_OK);
  const auto two = store->snapOpen();
  for (std::uint64_t i = 3; i <= 8; ++i)
    ASSERT_EQ(store->snapshot(i, 1, "state " + std::to_string(i)), CK_OK);
  EXPECT_EQ(store->snapRead(two.value, 0, 100).bytes, "two");
  EXPECT_EQ(store->snapshotBytes(), "state 8");
}

TEST_P(StoreSnapshot, IndexZeroAndUnknownHandlesAreRefused) {
  EXPECT_EQ(store->snapCreate(0, 1).status, CK_INVALID);
  EXPECT_EQ(store->snapWrite(77, 0, "x"), CK_STALE);
  EXPECT_EQ(store->snapCommit(77), CK_STALE);
  EXPECT_EQ(store->snapRead(77, 0, 10).status, CK_STALE);
  store->snapAbort(77);
  store->snapClose(77);
}

}  // namespace
}  // namespace clusterkit::contract
