#include "store_model.hpp"

#include <gtest/gtest.h>

#include <random>

namespace clusterkit::sqlite {

using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;

BatchOf Model::next() {
  std::mt19937_64 random(++step_);
  BatchOf batch;
  batch.meta("step", std::to_string(step_));
  if (random() % 3 == 0) {
    hard_ = {hard_.term + random() % 2, random() % 5, log_.size() / 2};
    batch.hard(hard_.term, hard_.voted_for, hard_.commit);
  }
  if (random() % 5 == 0 && log_.size() > highest_ - std::min(highest_, depth) + 3) {
    const std::size_t keep = log_.size() - 1 - random() % 3;
    batch.truncateFrom(keep + 1);
    log_.resize(keep);
  }
  for (std::uint64_t n = random() % 4; n > 0; --n) {
    const Entry e{log_.size() + 1, step_, std::string(random() % 600, static_cast<char>('a' + step_ % 26)),
                  static_cast<std::uint32_t>(random()), 7};
    log_.push_back(e);
    batch.entry(e);
  }
  highest_ = std::max(highest_, log_.size());
  return batch;
}

std::optional<Entry> Model::settled() const {
  if (log_.size() < 20) return std::nullopt;
  return log_[log_.size() - depth - 2];
}

std::string stateAt(const Entry& e) {
  return std::string(3000, static_cast<char>('A' + e.index % 26)) + e.bytes;
}

void expectPrefix(StoreUnderTest& store, const StoreUnderTest::Opened& opened, Model& model,
                  std::uint64_t told) {
  const auto step = store.meta("step");
  const std::uint64_t found = step ? std::stoull(*step) : 0;
  ASSERT_GE(found, told) << "a step that was reported durable is gone";
  while (model.step() < found) model.next();
  ASSERT_EQ(model.step(), found) << "an earlier round's step is gone";
  EXPECT_EQ(opened.image.hard.term, model.hard().term);
  EXPECT_EQ(opened.image.hard.voted_for, model.hard().voted_for);
  EXPECT_EQ(opened.image.hard.commit, model.hard().commit);
  ASSERT_EQ(opened.image.last_index, model.log().size());
  std::uint64_t next = opened.image.first_index;
  while (next != 0 && next <= opened.image.last_index) {
    const auto read = store.read(next, next + 500);
    ASSERT_EQ(read.status, CK_OK);
    for (const Entry& e : read.entries) ASSERT_EQ(e, model.log()[next++ - 1]);
  }
  if (opened.image.snapshot.index == 0) return;
  const Entry& e = model.log()[opened.image.snapshot.index - 1];
  EXPECT_EQ(opened.image.snapshot.term, e.term);
  EXPECT_EQ(store.snapshotBytes(), stateAt(e));
}

}  // namespace clusterkit::sqlite
