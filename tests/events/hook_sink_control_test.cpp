// A sink that is held, replayed, moved by others, handed over with the leadership, or stopped.
#include "hook_sink_fixture.hpp"

namespace clusterkit::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(HookSinkTest, PauseAndResumeSurviveARestart) {
  history_.value("a");
  history_.value("b");
  initial_ = SinkCursor{};
  start();
  std::optional<Result<SinkStatus>> paused, resumed;
  sink_->pause(remember(paused));
  ASSERT_TRUE(paused && *paused);
  EXPECT_EQ(paused->value().state, "paused");
  port_->answer();
  EXPECT_THAT(port_->seen, ElementsAre(1)) << "what was under way ends, nothing new begins";
  initial_ = cursors_->stored;
  EXPECT_TRUE(initial_->paused);
  start();
  EXPECT_THAT(port_->seen, IsEmpty());
  sink_->resume(remember(resumed));
  EXPECT_THAT(port_->seen, ElementsAre(2));
  EXPECT_EQ(cursors_->stored->generation, 2u);
}

TEST_F(HookSinkTest, AReplayRepeatsAndASavedCursorOfBeforeDoesNotUndoIt) {
  for (int i = 0; i < 3; ++i) history_.value("k");
  initial_ = SinkCursor{EventSeq(3), {}, false, 0};
  start();
  std::optional<Result<SinkStatus>> replayed;
  sink_->replay(EventSeq(1), remember(replayed));
  ASSERT_TRUE(replayed && *replayed);
  EXPECT_THAT(port_->seen, ElementsAre(2));
  EXPECT_EQ(cursors_->stored->delivered, EventSeq(1));
}

TEST_F(HookSinkTest, ControlsThatComeWhileASaveIsUnderWayAreOneStep) {
  history_.value("a");
  history_.value("b");
  initial_ = SinkCursor{EventSeq(0), {}, false, 5};
  prompt_ = false;
  start();
  port_->answer();  // its cursor is being saved
  std::optional<Result<SinkStatus>> paused, replayed;
  sink_->pause(remember(paused));
  sink_->replay(EventSeq(0), remember(replayed));
  EXPECT_FALSE(paused || replayed);
  cursors_->finish();
  EXPECT_EQ(cursors_->wanted.generation, 6u);
  EXPECT_THAT(cursors_->changes, ElementsAre(CursorChange::Progress, CursorChange::Control));
  cursors_->finish();
  ASSERT_TRUE(paused && *paused && replayed && *replayed);
  EXPECT_EQ(cursors_->stored->generation, 6u);
  EXPECT_TRUE(cursors_->stored->paused);
}

TEST_F(HookSinkTest, AControlThatCouldNotBeSavedIsNotInForce) {
  history_.value("a");
  history_.value("b");
  initial_ = SinkCursor{EventSeq(1), {}, false, 0};
  prompt_ = false;
  start();
  std::optional<Result<SinkStatus>> paused;
  sink_->pause(remember(paused));
  cursors_->finish(Status::NoSpace);
  ASSERT_TRUE(paused);
  EXPECT_EQ(paused->failure().status, Status::NoSpace);
  EXPECT_EQ(sink_->status().state, "running");
  port_->answer();  // of what was begun before; it comes again
  EXPECT_THAT(port_->seen, ElementsAre(2, 2));
}

TEST_F(HookSinkTest, ProgressThatOthersHaveOvertakenGivesWayToWhatTheySet) {
  for (int i = 0; i < 3; ++i) history_.value("k");
  initial_ = SinkCursor{};
  prompt_ = false;
  start();
  port_->answer();
  cursors_->stored = SinkCursor{EventSeq(2), {}, false, 1};
  cursors_->finish(Status::Conflict);
  EXPECT_THAT(port_->seen, ElementsAre(1, 3));
  port_->answer();
  EXPECT_EQ(cursors_->wanted, (SinkCursor{EventSeq(3), {}, false, 1}));
}

TEST_F(HookSinkTest, WhatAnotherNodeHasSetIsTakenOver) {
  for (int i = 0; i < 3; ++i) history_.value("k");
  initial_ = SinkCursor{EventSeq(3), {}, false, 0};
  start();
  cursors_->foreign = SinkCursor{EventSeq(2), {}, false, 1};
  tell();
  EXPECT_THAT(port_->seen, ElementsAre(3));
}

TEST_F(HookSinkTest, ASinkOfTheLeaderForgetsWhatItBeganWhenItStepsDown) {
  for (int i = 0; i < 3; ++i) history_.value("k");
  initial_ = SinkCursor{};
  start();
  sink_->setActive(false);
  EXPECT_EQ(sink_->status().state, "standby");
  cursors_->stored = SinkCursor{EventSeq(1), {}, false, 0};
  sink_->setActive(true);
  EXPECT_THAT(port_->seen, ElementsAre(1)) << "its former delivery still runs";
  port_->answer({Status::Invalid, "too late", {}});
  scheduler_.runFor(0s);
  EXPECT_THAT(port_->seen, ElementsAre(1, 2));
}

TEST_F(HookSinkTest, ASinkThatHasFailedGetsNothingMore) {
  history_.value("k");
  history_.value("k");
  initial_ = SinkCursor{};
  start();
  sink_->fail("its plugin is poisoned");
  port_->answer();
  EXPECT_THAT(port_->seen, ElementsAre(1));
  EXPECT_EQ(sink_->status().state, "failed");
  std::optional<Result<SinkStatus>> refused;
  sink_->pause(remember(refused));
  scheduler_.runFor(0s);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->failure().status, Status::Conflict);
}

// A stop cancels deliveries: that is no failure of the sink, and the last attempt is not used up by it.
TEST_F(HookSinkTest, WhatAStopCutsShortIsNeitherGivenUpNorForgotten) {
  history_.value("k");
  initial_ = SinkCursor{};
  rules_.delivery.maxAttempts = 1;
  rules_.deadLetter = false;
  start();
  sink_->stop(loop_.now() + 1s, [] {});
  port_->answer({Status::Cancelled, "the sink is stopping", {}});
  scheduler_.runFor(0s);
  EXPECT_EQ(sink_->status().deadLettersTotal, 0u);
  EXPECT_EQ(cursors_->saves, 0);
}

TEST_F(HookSinkTest, AfterAStopNothingBeginsAnyMore) {
  start();
  sink_->stop(loop_.now() + 1s, [] {});
  history_.joined(kBoot);
  tell();
  sink_->setActive(true);
  EXPECT_THAT(port_->seen, IsEmpty());
  EXPECT_EQ(sink_->status().state, "stopped");
}

TEST_F(HookSinkTest, AStopDoesNotWaitForACursorLongerThanItsTime) {
  history_.value("k");
  initial_ = SinkCursor{};
  prompt_ = false;
  start();
  port_->answer();
  bool stopped = false;
  sink_->stop(loop_.now() + 1s, [&stopped] { stopped = true; });
  scheduler_.runFor(999ms);
  EXPECT_FALSE(stopped);
  scheduler_.runFor(1ms);
  EXPECT_TRUE(stopped);
}

TEST_F(HookSinkTest, ASinkThatIsBusyIsAskedAgainWithoutLosingAnAttempt) {
  history_.value("k");
  initial_ = SinkCursor{};
  rules_.delivery.maxAttempts = 1;
  start();
  for (int i = 0; i < 5; ++i) {
    port_->answer({Status::Again, "busy", {}});
    scheduler_.runFor(100ms);
    ASSERT_EQ(port_->open.size(), 1u);
    EXPECT_EQ(port_->open.front().attempt, 1u);
  }
}

TEST_F(HookSinkTest, AStopWaitsForTheCursorOfWhatEndedWell) {
  history_.value("k");
  initial_ = SinkCursor{};
  prompt_ = false;
  start();
  port_->answer();
  bool stopped = false;
  sink_->stop(loop_.now() + 1s, [&stopped] { stopped = true; });
  EXPECT_FALSE(stopped);
  cursors_->finish();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(cursors_->stored->delivered, EventSeq(1));
}

}  // namespace
}  // namespace clusterkit::test
