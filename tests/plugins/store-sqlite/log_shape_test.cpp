#include <clusterkit/log_shape.hpp>

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "contract/store/store_under_test.hpp"

namespace clusterkit {
namespace {

using contract::BatchOf;

TEST(LogShape, AgreesWithAMapOverRandomHistories) {
  std::mt19937_64 random(42);
  for (int round = 0; round < 200; ++round) {
    LogShape shape;
    std::map<std::uint64_t, std::uint64_t> model;
    LogShape::Position snapshot;
    std::uint64_t term = 1;
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t last = model.empty() ? snapshot.index : model.rbegin()->first;
      BatchOf batch;
      std::uint64_t next = last + 1;
      if (random() % 4 == 0 && last > snapshot.index) {
        const std::uint64_t from = snapshot.index + 1 + random() % (last - snapshot.index);
        batch.truncateFrom(from);
        model.erase(model.lower_bound(from), model.end());
        next = from;
      }
      term += random() % 2;
      for (std::uint64_t n = random() % 5; n > 0; --n) {
        batch.entry(next, term, "");
        model[next++] = term;
      }
      const ck_store_batch raw = batch.raw();
      ASSERT_EQ(shape.refusal(raw), nullptr) << shape.refusal(raw);
      shape.apply(raw);
      if (random() % 5 == 0 && !model.empty()) {
        auto at = std::next(model.begin(), static_cast<long>(random() % model.size()));
        if (at->first > snapshot.index) {
          snapshot = {at->first, at->second};
          ASSERT_TRUE(shape.contains(snapshot));
          shape.install(snapshot, LogShape::LogAfterSnapshot::kept);
        }
        BatchOf compaction;
        compaction.compactTo(snapshot.index);
        const ck_store_batch cut = compaction.raw();
        ASSERT_EQ(shape.refusal(cut), nullptr);
        shape.apply(cut);
        model.erase(model.begin(), model.upper_bound(snapshot.index));
      }
      ASSERT_EQ(shape.first(), model.empty() ? 0 : model.begin()->first);
      ASSERT_EQ(shape.last(), model.empty() ? 0 : model.rbegin()->first);
      for (std::uint64_t i = 0; i <= next + 1; ++i) {
        const auto found = model.find(i);
        std::optional<std::uint64_t> expected;
        if (found != model.end()) expected = found->second;
        if (i != 0 && i == snapshot.index) expected = snapshot.term;
        ASSERT_EQ(shape.termAt(i), expected) << i;
      }
    }
  }
}

}  // namespace
}  // namespace clusterkit
