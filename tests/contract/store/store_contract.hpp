// Base of the suites: a fresh, opened store of the kind named by the parameter.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::contract {

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { start({}); }
  void TearDown() override {
    if (store) {
      EXPECT_THAT(store->host().faults(), testing::IsEmpty());
    }
  }
  void start(StoreUnderTest::Options options) {
    store.reset();
    folder = std::make_unique<TempFolder>();
    store = std::make_unique<StoreUnderTest>(GetParam(), folder->path(), std::move(options));
    const auto opened = store->open();
    ASSERT_EQ(opened.status, CK_OK) << opened.error;
  }
  void append(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    BatchOf batch;
    for (std::uint64_t i = first; i <= last; ++i) batch.entry(i, term, bytesOf(i, term));
    ASSERT_EQ(store->submit(batch), CK_OK);
  }
  static std::string bytesOf(std::uint64_t index, std::uint64_t term) {
    return "entry " + std::to_string(index) + " of term " + std::to_string(term);
  }
  static std::vector<Entry> entries(std::uint64_t first, std::uint64_t last, std::uint64_t term) {
    std::vector<Entry> out;
    for (std::uint64_t i = first; i <= last; ++i) out.push_back({i, term, bytesOf(i, term)});
    return out;
  }

  std::unique_ptr<TempFolder> folder;
  std::unique_ptr<StoreUnderTest> store;
};

inline std::string nameOfStore(const testing::TestParamInfo<std::string>& info) { return info.param; }

#define CLUSTERKIT_EVERY_STORE(suite) \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::Values("sqlite", "memory"), nameOfStore)

}  // namespace clusterkit::contract
