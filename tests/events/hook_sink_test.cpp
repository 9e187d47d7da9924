// What becomes of the events of a sink: in order, safe before the next, tried again, given up, stuck.
#include "hook_sink_fixture.hpp"

namespace clusterkit::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(HookSinkTest, ANewSinkBeginsWithItsNodesOwnJoin) {
  history_.value("before");
  start();
  EXPECT_THAT(port_->seen, IsEmpty());
  EXPECT_EQ(sink_->status().state, "starting");
  history_.joined(12);
  history_.joined(kBoot, 2);  // another node that was started as often
  history_.joined(kBoot);
  history_.value("after");
  tell();
  EXPECT_THAT(port_->seen, ElementsAre(4));
  port_->answer();
  EXPECT_THAT(port_->seen, ElementsAre(4, 5));
  EXPECT_EQ(cursors_->stored->delivered, EventSeq(4));
}

TEST_F(HookSinkTest, ANewSinkMayBeginWithTheOldestEvent) {
  history_.value("before");
  rules_.start = SinkStart::Oldest;
  start();
  EXPECT_THAT(port_->seen, ElementsAre(1));
}

TEST_F(HookSinkTest, AKnownSinkGoesOnWhereItStopped) {
  for (int i = 0; i < 4; ++i) history_.value("k");
  initial_ = SinkCursor{EventSeq(2), {}, false, 0};
  start();
  EXPECT_THAT(port_->seen, ElementsAre(3));
  EXPECT_EQ(port_->open.front().deadline, loop_.now() + 30s);
}

// So a crash repeats no event that the sink had acknowledged before the one it was doing.
TEST_F(HookSinkTest, TheNextEventWaitsUntilTheCursorOfTheLastOneIsSafe) {
  for (int i = 0; i < 3; ++i) history_.value("k");
  initial_ = SinkCursor{};
  prompt_ = false;
  start();
  port_->answer();
  EXPECT_THAT(port_->seen, ElementsAre(1));
  cursors_->finish();
  EXPECT_THAT(port_->seen, ElementsAre(1, 2));
}

TEST_F(HookSinkTest, ACursorThatCannotBeSavedIsTriedAgain) {
  history_.value("k");
  history_.value("k");
  initial_ = SinkCursor{};
  prompt_ = false;
  start();
  port_->answer();
  cursors_->finish(Status::NoSpace);
  EXPECT_THAT(port_->seen, ElementsAre(1));
  scheduler_.runFor(1s);
  ASSERT_TRUE(cursors_->waiting);
  cursors_->finish();
  EXPECT_THAT(port_->seen, ElementsAre(1, 2));
}

TEST_F(HookSinkTest, AFailedDeliveryIsTriedAgainAndSaysWhy) {
  history_.value("k");
  initial_ = SinkCursor{};
  start();
  port_->answer({Status::Retry, "not now", {}});
  EXPECT_EQ(sink_->status().lastError, "not now");
  EXPECT_EQ(sink_->status().attempts, 1u);
  scheduler_.runFor(1s);
  ASSERT_EQ(port_->open.size(), 1u);
  EXPECT_EQ(port_->open.front().attempt, 2u);
  port_->answer();
  EXPECT_EQ(sink_->status().lastError, "");
  EXPECT_EQ(sink_->status().retriesTotal, 1u);
}

TEST_F(HookSinkTest, WhatIsRefusedForGoodIsADeadLetterAndTheNextEventGoesOn) {
  history_.value("bad");
  history_.value("good");
  initial_ = SinkCursor{};
  start();
  port_->answer({Status::Invalid, "cannot read this", {}});
  scheduler_.runFor(0s);
  EXPECT_THAT(port_->seen, ElementsAre(1, 2));
  EXPECT_THAT(letter(), HasSubstr("\"reason\":\"cannot read this\",\"event\":{\"seq\":1,"));
  EXPECT_EQ(sink_->status().deadLettersTotal, 1u);
}

TEST_F(HookSinkTest, ALetterThatCannotBeKeptHoldsTheEventBack) {
  history_.value("bad");
  history_.value("good");
  initial_ = SinkCursor{};
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "a file where the folder should be";
  start();
  port_->answer({Status::Invalid, "no", {}});
  scheduler_.runFor(0s);
  EXPECT_THAT(port_->seen, ElementsAre(1));
  std::filesystem::remove(folder_);
  scheduler_.runFor(1s);
  EXPECT_THAT(port_->seen, ElementsAre(1, 1));
}

TEST_F(HookSinkTest, AFullFileOfLettersIsKeptOnceAndBegunAnew) {
  std::ofstream(folder_ / "audit.jsonl") << std::string(LetterFiles::maxBytes, 'x');
  history_.value("bad");
  initial_ = SinkCursor{};
  start();
  port_->answer({Status::Invalid, "no", {}});
  scheduler_.runFor(0s);
  EXPECT_LT(letter().size(), 1000u);
  EXPECT_EQ(letter("audit.1.jsonl").size(), LetterFiles::maxBytes);
}

TEST_F(HookSinkTest, S120_ADeliveryLongPastItsDeadlineIsShownAsStuckAndItsLateAnswerCounts) {
  history_.value("k");
  initial_ = SinkCursor{};
  start();
  scheduler_.runFor(30s);
  EXPECT_EQ(sink_->status().state, "running");
  scheduler_.runFor(2s);
  EXPECT_EQ(sink_->status().state, "stuck");
  port_->answer();
  EXPECT_EQ(sink_->status().state, "running");
  EXPECT_EQ(sink_->status().delivered, EventSeq(1));
}

// Its events stay where they are, in the state, which keeps no more than it is told to.
TEST_F(HookSinkTest, S120_WhatHappensWhileADeliveryIsStuckPilesUpNowhere) {
  constexpr std::uint64_t retained = 100, more = 1000;
  history_ = History(retained);
  history_.value("k");
  initial_ = SinkCursor{};
  start();
  scheduler_.runFor(32s);
  ASSERT_EQ(sink_->status().state, "stuck");
  history_.value("k");
  const std::weak_ptr<const ClusterEvent> second = *history_.state.events.find(EventSeq(2));
  tell();
  for (std::uint64_t i = 1; i < more; ++i) {
    history_.value("k");
    tell();
  }
  EXPECT_TRUE(second.expired()) << "the sink holds none of those that wait for it";
  const std::uint64_t before = scheduler_.eventsRun();
  scheduler_.runFor(60s);
  EXPECT_EQ(scheduler_.eventsRun(), before) << "nor does it try, or say so, again and again";
  EXPECT_THAT(port_->seen, ElementsAre(1));
  EXPECT_EQ(cursors_->saves, 0);
  EXPECT_EQ(sink_->status().state, "stuck");
  port_->answer();
  EXPECT_THAT(port_->seen, ElementsAre(1, 1 + more - retained)) << "what is kept no more is told as one gap";
}

}  // namespace
}  // namespace clusterkit::test
