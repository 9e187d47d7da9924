// A full disk is waited out; a failed sync is final (scenarios 55, 61, 117).
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>

#include "contract/store/store_under_test.hpp"
#include "fault_vfs.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::StoreUnderTest;
using contract::TempFolder;
using testing::HasSubstr;

const StoreUnderTest::Options quick{{"space_retry", "5ms"}};

TEST(DiskFull, S117_AcceptedBatchesWaitNewOnesAreRefusedAndAllGoesOnWhenThereIsSpace) {
  FaultVfs disk;
  TempFolder folder;
  StoreUnderTest store("sqlite", folder.path(), quick);
  ASSERT_EQ(store.open().status, CK_OK);
  ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "before")), CK_OK);
  ASSERT_TRUE(store.allDurable());

  disk.fillDisk();
  ASSERT_EQ(store.submit(BatchOf().entry(2, 1, "accepted").hard(1, 2, 3).meta("k", "v")), CK_OK);
  std::uint64_t next = 3;
  ck_status status = CK_OK;
  ASSERT_TRUE(store.host().runUntil([&] {
    status = store.submit(BatchOf().entry(next, 1, "maybe"));
    if (status == CK_OK) ++next;
    return status != CK_OK;
  }));
  EXPECT_EQ(status, CK_NO_SPACE);
  EXPECT_EQ(store.durable(), 1u);
  EXPECT_EQ(store.durableErrors().size(), 0u);
  EXPECT_EQ(store.read(1, 3).entries.size(), 2u);  // it still serves what it took
  EXPECT_EQ(store.meta("k"), "v");
  EXPECT_EQ(store.writables(), 0u);

  disk.freeDisk();
  EXPECT_TRUE(store.allDurable());
  EXPECT_TRUE(store.host().runUntil([&] { return store.writables() == 1; }));
  EXPECT_EQ(store.submit(BatchOf().entry(next, 1, "after")), CK_OK);
  EXPECT_TRUE(store.allDurable());
  EXPECT_EQ(store.host().fatals(), 0u);
  ASSERT_EQ(store.stop(), CK_OK);

  StoreUnderTest again("sqlite", folder.path());
  const auto opened = again.open();
  EXPECT_EQ(opened.image.last_index, next);
  EXPECT_EQ(opened.image.hard.voted_for, 2u);
  EXPECT_FALSE(opened.repairing());
}

TEST(DiskFull, StopWhileFullSaysWhatWasLostAndKeepsTheRest) {
  FaultVfs disk;
  TempFolder folder;
  {
    StoreUnderTest store("sqlite", folder.path(), quick);
    ASSERT_EQ(store.open().status, CK_OK);
    ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "kept")), CK_OK);
    ASSERT_TRUE(store.allDurable());
    disk.fillDisk();
    ASSERT_EQ(store.submit(BatchOf().entry(2, 1, "lost")), CK_OK);
    ASSERT_EQ(store.stop(), CK_OK);
    ASSERT_EQ(store.durableErrors().size(), 1u);
    EXPECT_EQ(store.durableErrors()[0].code, CK_NO_SPACE);
    EXPECT_EQ(store.durable(), 1u);
  }
  disk.freeDisk();
  StoreUnderTest again("sqlite", folder.path());
  const auto opened = again.open();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_EQ(opened.image.last_index, 1u);
  EXPECT_FALSE(opened.repairing());  // nobody was told that entry 2 is durable
}

TEST(FailedSync, S055_IsFinalEvenIfTheNextOneWouldSucceed) {
  FaultVfs disk;
  TempFolder folder;
  {
    StoreUnderTest store("sqlite", folder.path());
    ASSERT_EQ(store.open().status, CK_OK);
    ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "good")), CK_OK);
    ASSERT_TRUE(store.allDurable());
    disk.failSyncOnce();
    ASSERT_EQ(store.submit(BatchOf().entry(2, 1, "bad")), CK_OK);
    ASSERT_TRUE(store.host().runUntil([&] { return store.host().fatals() == 1; }));
    ASSERT_EQ(store.durableErrors().size(), 1u);
    EXPECT_EQ(store.durableErrors()[0].code, CK_IO);
    EXPECT_EQ(store.durableErrors()[0].os_errno, EIO);
    EXPECT_THAT(store.durableErrors()[0].msg, HasSubstr("cannot run COMMIT on"));
    EXPECT_THAT(store.durableErrors()[0].msg, HasSubstr("store.db: Input/output error (sqlite 1034"));
    EXPECT_EQ(store.durable(), 1u);
    EXPECT_EQ(store.submit(BatchOf().entry(3, 1, "never")), CK_FATAL);
    EXPECT_EQ(store.read(1, 2).status, CK_IO);
    EXPECT_EQ(store.stop(), CK_OK);
    EXPECT_EQ(store.durableErrors().size(), 1u);
    EXPECT_EQ(store.host().fatals(), 1u);
  }
  StoreUnderTest again("sqlite", folder.path());
  const auto opened = again.open();  // re-read after restart: entry 2 may be there, entry 1 must
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_GE(opened.image.last_index, 1u);
  EXPECT_LE(opened.image.last_index, 2u);
  EXPECT_FALSE(opened.repairing());
}

TEST(FailedWrite, IsFinalAndNamesFileOperationAndTheSystemsReason) {
  FaultVfs disk;
  TempFolder folder;
  StoreUnderTest store("sqlite", folder.path());
  ASSERT_EQ(store.open().status, CK_OK);
  ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "good")), CK_OK);
  ASSERT_TRUE(store.allDurable());
  disk.failWrites(EROFS);
  ASSERT_EQ(store.submit(BatchOf().entry(2, 1, "bad")), CK_OK);
  ASSERT_TRUE(store.host().runUntil([&] { return store.host().fatals() == 1; }));
  ASSERT_EQ(store.durableErrors().size(), 1u);
  EXPECT_EQ(store.durableErrors()[0].code, CK_IO);
  EXPECT_EQ(store.durableErrors()[0].os_errno, EROFS);
  EXPECT_THAT(store.durableErrors()[0].msg, HasSubstr((folder.path() / "store/store.db").string()));
  EXPECT_THAT(store.durableErrors()[0].msg, HasSubstr(": Read-only file system"));
  EXPECT_EQ(store.stop(), CK_OK);
}

// To SQLite it is a write error like any other.
TEST(DiskFull, AQuotaThatIsUsedUpIsWaitedOutLikeAFullDisk) {
  FaultVfs disk;
  TempFolder folder;
  StoreUnderTest store("sqlite", folder.path(), quick);
  ASSERT_EQ(store.open().status, CK_OK);
  disk.failWrites(EDQUOT);
  ASSERT_EQ(store.submit(BatchOf().entry(1, 1, "accepted")), CK_OK);
  ASSERT_TRUE(store.host().runUntil([&] { return !store.host().logged().empty(); }));
  EXPECT_THAT(store.host().logged(), testing::ElementsAre("store_disk_full"));
  EXPECT_EQ(store.host().fatals(), 0u);
  disk.failWrites(0);
  EXPECT_TRUE(store.allDurable());
  disk.failWrites(EIO);  // and what was waited out before does not hide what is final
  ASSERT_EQ(store.submit(BatchOf().entry(2, 1, "bad")), CK_OK);
  ASSERT_TRUE(store.host().runUntil([&] { return store.host().fatals() == 1; }));
  ASSERT_EQ(store.durableErrors().size(), 1u);
  EXPECT_EQ(store.durableErrors()[0].os_errno, EIO) << store.durableErrors()[0].msg;
  EXPECT_EQ(store.stop(), CK_OK);
}

// A mount of its own that disappears with the process.
bool mountSmallDisk(const std::filesystem::path& where) {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", where.c_str(), "tmpfs", 0, "size=8m") == 0;
}

TEST(DiskFull, S061_S117_RealSmallFileSystemFillsUpAndRecovers) {
  TempFolder folder;
  if (!mountSmallDisk(folder.path())) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
  std::uint64_t last = 0;
  {
    // A small queue, so that what was accepted fits once the ballast is gone.
    StoreUnderTest store("sqlite", folder.path(), {{"space_retry", "5ms"}, {"queue_limit", "512KiB"}});
    ASSERT_EQ(store.open().status, CK_OK);
    const auto ballast = folder.path() / "ballast";
    std::ofstream(ballast) << std::string(4 << 20, 'b');
    const std::string block(20'000, 'x');
    ck_status status = CK_OK;
    ASSERT_TRUE(store.host().runUntil([&] {
      status = store.submit(BatchOf().entry(last + 1, 1, block));
      if (status == CK_OK) ++last;
      return status == CK_NO_SPACE;
    }));
    // A snapshot does not fit either, and leaves nothing behind.
    EXPECT_EQ(store.snapshot(1, 1, std::string(6 << 20, 's')), CK_NO_SPACE);
    EXPECT_EQ(store.snapOpen().status, CK_NOT_FOUND);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "store" / "snapshots"));
    EXPECT_LT(store.durable(), last);
    std::filesystem::remove(ballast);
    EXPECT_TRUE(store.allDurable());
    EXPECT_EQ(store.host().fatals(), 0u);
    EXPECT_EQ(store.stop(), CK_OK);
  }
  {
    StoreUnderTest again("sqlite", folder.path());
    const auto opened = again.open();
    EXPECT_EQ(opened.status, CK_OK) << opened.error;
    EXPECT_EQ(opened.image.last_index, last);
    EXPECT_FALSE(opened.repairing());
  }
  ::umount(folder.path().c_str());
}

}  // namespace
}  // namespace clusterkit::sqlite
