#include "contract/store/store_contract.hpp"

namespace clusterkit::contract {
namespace {

class StoreLifecycle : public StoreContract {};
CLUSTERKIT_EVERY_STORE(StoreLifecycle);

TEST_P(StoreLifecycle, CallsBeforeOpenAreRefused) {
  TempFolder fresh;
  StoreUnderTest closed(GetParam(), fresh.path());
  EXPECT_EQ(closed.submit(BatchOf().entry(1, 1, "x")), CK_UNAVAILABLE);
  EXPECT_EQ(closed.read(1, 2).status, CK_UNAVAILABLE);
  EXPECT_EQ(closed.snapCreate(1, 1).status, CK_UNAVAILABLE);
  EXPECT_EQ(closed.snapOpen().status, CK_UNAVAILABLE);
  EXPECT_EQ(closed.termAt(1), std::nullopt);
  EXPECT_EQ(closed.stop(), CK_OK);
}

TEST_P(StoreLifecycle, CallsAfterStopAreRefused) {
  append(1, 3, 1);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(store->submit(BatchOf().entry(4, 1, "x")), CK_UNAVAILABLE);
  EXPECT_EQ(store->read(1, 2).status, CK_UNAVAILABLE);
  EXPECT_EQ(store->stop(), CK_OK);
}

TEST_P(StoreLifecycle, SecondOpenIsRefused) { EXPECT_EQ(store->open().status, CK_CONFLICT); }

TEST_P(StoreLifecycle, StopFinishesWhatIsInFlight) {
  for (std::uint64_t i = 1; i <= 200; ++i) append(i, i, 1);
  const auto handle = store->snapCreate(100, 1);
  ASSERT_EQ(store->snapWrite(handle.value, 0, "state"), CK_OK);
  const ck_token commit = store->startSnapCommit(handle.value);
  const ck_token read = store->host().issue();
  store->table().read(store->self(), 1, 201, 1 << 20, read);
  ASSERT_EQ(store->stop(), CK_OK);
  EXPECT_EQ(store->durable(), 200u);
  EXPECT_EQ(store->host().wait(commit).status, CK_OK);
  EXPECT_EQ(store->host().wait(read).value0, 200u);
}

TEST_P(StoreLifecycle, DestroyWithoutStopIsHarmless) {
  append(1, 10, 1);
  const auto handle = store->snapCreate(5, 1);
  ASSERT_EQ(store->snapWrite(handle.value, 0, "state"), CK_OK);
  store->startSnapCommit(handle.value);
  store.reset();
}

TEST_P(StoreLifecycle, FullQueueAnswersAgainAndWritableFollows) {
  StoreUnderTest::Options options{{"queue_limit", "64KiB"}};
  if (GetParam() == "memory") options["sync_delay"] = "5ms";
  start(options);
  const std::string block(32 * 1024, 'b');
  std::uint64_t index = 0;
  ck_status status = CK_OK;
  for (int tries = 0; status == CK_OK && tries < 1000; ++tries) {
    status = store->submit(BatchOf().entry(index + 1, 1, block));
    if (status == CK_OK) ++index;
  }
  ASSERT_EQ(status, CK_AGAIN);
  ASSERT_TRUE(store->host().runUntil([&] { return store->writables() > 0; }));
  EXPECT_EQ(store->submit(BatchOf().entry(index + 1, 1, block)), CK_OK);
  EXPECT_TRUE(store->allDurable());
  EXPECT_EQ(store->read(1, index + 2).status, CK_OK);
}

TEST_P(StoreLifecycle, BatchLargerThanTheQueueIsStillTakenAlone) {
  start({{"queue_limit", "64KiB"}});
  ASSERT_EQ(store->submit(BatchOf().entry(1, 1, std::string(1 << 20, 'x'))), CK_OK);
  EXPECT_TRUE(store->allDurable());
}

TEST_P(StoreLifecycle, TwoInstancesDoNotKnowOfEachOther) {
  TempFolder elsewhere;
  StoreUnderTest other(GetParam(), elsewhere.path());
  ASSERT_EQ(other.open().status, CK_OK);
  append(1, 3, 1);
  EXPECT_EQ(other.read(1, 2).status, CK_NOT_FOUND);
  EXPECT_EQ(other.stop(), CK_OK);
}

}  // namespace
}  // namespace clusterkit::contract
