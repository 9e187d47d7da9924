#include "cluster/sink_cursor.hpp"

#include <gmock/gmock.h>

#include "state_fixture.hpp"

namespace clusterkit {
namespace {

using ::testing::HasSubstr;

class SinkCursorTest : public StateFixture {
 protected:
  void SetUp() override {
    create();
    for (int i = 0; i < 10; ++i) run(SetValue{"k", "v", {}});
  }
  Outcome set(std::uint64_t delivered, std::uint64_t generation = 0, std::vector<EventSeq> above = {}) {
    return run(SetSinkCursor{"audit", {EventSeq(delivered), std::move(above), false, generation}});
  }
  Outcome control(std::uint64_t delivered, std::uint64_t generation) {
    return run(SetSinkCursor{"audit", {EventSeq(delivered), {}, false, generation}, CursorChange::Control});
  }
  EventSeq delivered() const { return state().sinkCursors.find("audit")->delivered; }
};

TEST_F(SinkCursorTest, ProgressGoesForwardsOnlyAndTellsNobody) {
  EXPECT_TRUE(set(3).applied());
  EXPECT_TRUE(events_.empty());
  EXPECT_TRUE(set(5, 0, {EventSeq(7)}).applied());
  const Outcome late = set(4);
  EXPECT_EQ(late.code, OutcomeCode::VersionConflict);
  EXPECT_THAT(late.message, HasSubstr("audit"));
  EXPECT_EQ(delivered(), EventSeq(5));
}

TEST_F(SinkCursorTest, AnOperatorsReplayIsNotUndoneByProgressOfBefore) {
  ASSERT_TRUE(set(8).applied());
  EXPECT_TRUE(control(2, 1).applied()) << "back, by the next generation";
  EXPECT_EQ(set(9).code, OutcomeCode::VersionConflict) << "the leader had not heard of it";
  EXPECT_EQ(control(9, 1).code, OutcomeCode::VersionConflict)
      << "of two operators at once the second is told";
  EXPECT_EQ(set(9, 2).code, OutcomeCode::VersionConflict) << "progress begins no generation";
  EXPECT_EQ(delivered(), EventSeq(2));
  EXPECT_TRUE(set(3, 1).applied());
}

TEST_F(SinkCursorTest, WhatCannotBeACursorIsRefused) {
  EXPECT_EQ(set(state().nextEvent.value).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(set(3, 0, {EventSeq(3)}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(set(3, 0, {EventSeq(6), EventSeq(5)}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(SetSinkCursor{"", {}}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(SetSinkCursor{std::string(33, 'a'), {}}).code, OutcomeCode::InvalidArgument);
  for (int i = 0; i < 256; ++i) EXPECT_TRUE(run(SetSinkCursor{"s" + std::to_string(i), {}}).applied());
  EXPECT_EQ(set(1).code, OutcomeCode::QuotaExceeded);
}

TEST_F(SinkCursorTest, ASnapshotCarriesIt) {
  ASSERT_TRUE(run(SetSinkCursor{"audit", {EventSeq(5), {EventSeq(7), EventSeq(8)}, true, 0}}).applied());
  SnapshotReader reader;
  ASSERT_TRUE(reader.feed(writeSnapshot(state())));
  const auto restored = reader.finish();
  ASSERT_TRUE(std::holds_alternative<ClusterState>(restored)) << std::get<SnapshotError>(restored).message;
  const SinkCursor* cursor = std::get<ClusterState>(restored).sinkCursors.find("audit");
  ASSERT_NE(cursor, nullptr);
  EXPECT_EQ(*cursor, (SinkCursor{EventSeq(5), {EventSeq(7), EventSeq(8)}, true, 0}));
}

}  // namespace
}  // namespace clusterkit
