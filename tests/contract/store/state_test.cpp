#include "contract/store/store_contract.hpp"

namespace clusterkit::contract {
namespace {

class StoreState : public StoreContract {};
CLUSTERKIT_EVERY_STORE(StoreState);

TEST_P(StoreState, NewStoreIsEmpty) {
  TempFolder fresh;
  StoreUnderTest other(GetParam(), fresh.path());
  const auto opened = other.open();
  ASSERT_EQ(opened.status, CK_OK);
  EXPECT_EQ(opened.image.size, sizeof(ck_store_image));
  EXPECT_FALSE(opened.repairing());
  EXPECT_EQ(opened.image.hard.term, 0u);
  EXPECT_EQ(opened.image.hard.voted_for, 0u);
  EXPECT_EQ(opened.image.first_index, 0u);
  EXPECT_EQ(opened.image.last_index, 0u);
  EXPECT_EQ(opened.image.high_water_index, 0u);
  EXPECT_GE(opened.image.format, 1u);
  EXPECT_EQ(opened.image.snapshot.index, 0u);
}

TEST_P(StoreState, NamedValuesAreReplacedAndDeleted) {
  EXPECT_EQ(store->meta("color"), std::nullopt);
  ASSERT_EQ(store->submit(BatchOf().meta("color", "red").meta("empty", "")), CK_OK);
  EXPECT_EQ(store->meta("color"), "red");
  EXPECT_EQ(store->meta("empty"), "");
  ASSERT_EQ(store->submit(BatchOf().meta("color", "blue").meta("shape", "round")), CK_OK);
  EXPECT_EQ(store->meta("color"), "blue");
  ASSERT_EQ(store->submit(BatchOf().meta("color", std::nullopt).meta("never there", std::nullopt)), CK_OK);
  EXPECT_EQ(store->meta("color"), std::nullopt);
  EXPECT_EQ(store->meta("shape"), "round");
}

TEST_P(StoreState, NamesAndValuesMayBeAsLongAsPromised) {
  const std::string name(255, 'n');
  const std::string value(64 * 1024, 'v');
  ASSERT_EQ(store->submit(BatchOf().meta(name, value)), CK_OK);
  EXPECT_EQ(store->meta(name), value);
  EXPECT_EQ(store->submit(BatchOf().meta(std::string(256, 'n'), value)), CK_INVALID);
}

TEST_P(StoreState, SubmitCopiesWhatItNeeds) {
  {
    std::string bytes = "short";
    std::string longer(10000, 'l');
    const ck_log_entry raw[] = {{1, 1, 0, 0, span(bytes)}, {2, 1, 0, 0, span(longer)}};
    const ck_hard_state hard{3, 4, 5};
    ck_store_batch batch{};
    batch.size = sizeof batch;
    batch.flags = CK_BATCH_SYNC;
    batch.hard = &hard;
    batch.entries = raw;
    batch.entry_count = 2;
    ASSERT_EQ(store->table().submit(store->self(), &batch, 1), CK_OK);
    bytes.assign(5, '#');
    longer.assign(10000, '#');
  }
  EXPECT_THAT(store->read(1, 3).entries,
              testing::ElementsAre(Entry{1, 1, "short"}, Entry{2, 1, std::string(10000, 'l')}));
}

}  // namespace
}  // namespace clusterkit::contract
