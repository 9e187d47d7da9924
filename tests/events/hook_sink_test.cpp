#include "events/hook_sink.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/line_log.hpp"
#include "host/workers.hpp"
#include "journal_fixture.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::History;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Keeps what was delivered; the story answers.
class FakePort final : public SinkPort {
 public:
  struct Call {
    std::uint64_t seq;
    std::uint32_t attempt;
    MonotonicTime deadline;
    Answered answered;
  };
  void deliver(OutgoingEvent event, Answered answered) override {
    seen.push_back(event.event->seq.value);
    open.push_back({event.event->seq.value, event.attempt, event.deadline, std::move(answered)});
  }
  void stop(MonotonicTime, Task done) override {
    stopped = true;
    done();
  }
  void answer(SinkAnswer answer = {}) {
    Call call = std::move(open.front());
    open.pop_front();
    call.answered(std::move(answer));
  }

  std::vector<std::uint64_t> seen;
  std::deque<Call> open;
  bool stopped = false;
};

class FakeCursors final : public CursorStore {
 public:
  void load(Loaded loaded) override { loaded(stored); }
  void save(const SinkCursor& cursor, CursorChange change, CallHandler done) override {
    ++saves;
    changes.push_back(change);
    wanted = cursor;
    waiting = std::move(done);
    if (prompt) finish();
  }
  std::optional<SinkCursor> setByOthers(std::uint64_t generation) const override {
    return foreign && foreign->generation > generation ? foreign : std::nullopt;
  }
  void finish(Status status = Status::Ok) {
    if (status == Status::Ok) stored = wanted;
    CallOutcome outcome;
    outcome.status = status;
    std::exchange(waiting, nullptr)(std::move(outcome));
  }

  std::optional<SinkCursor> stored, foreign;
  SinkCursor wanted;
  CallHandler waiting;
  bool prompt = true;
  int saves = 0;
  std::vector<CursorChange> changes;
};

class HookSinkTest : public ::testing::Test {
 protected:
  HookSinkTest() {
    char name[] = "/tmp/clusterkit-letters-XXXXXX";
    folder_ = ::mkdtemp(name);
    letters_ = std::make_unique<DeadLetters>(loop_, workers_, folder_);
    rules_.name = "audit";
  }
  ~HookSinkTest() override {
    sink_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto port = std::make_unique<FakePort>();
    auto cursors = std::make_unique<FakeCursors>();
    port_ = port.get();
    cursors_ = cursors.get();
    cursors_->stored = initial_;
    cursors_->prompt = prompt_;
    sink_ = std::make_unique<HookSink>(
        rules_,
        HookSink::Parts{
            loop_, log_, metrics_, *letters_,
            [](const ClusterEvent& event) { return std::make_shared<const std::string>(eventJson(event)); }},
        std::move(port), std::move(cursors), NodeRun{MemberId(1), kBoot});
    sink_->setActive(true);
    sink_->onState(history_.state);
  }
  void tell() {
    sink_->onState(history_.state);
    scheduler_.runFor(0s);
  }
  std::string letter(const char* file = "audit.jsonl") {
    std::ifstream in(folder_ / file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  static HookSink::Answered remember(std::optional<Result<SinkStatus>>& into) {
    return [&into](Result<SinkStatus> result) { into.emplace(std::move(result)); };
  }

  static constexpr std::uint64_t kBoot = 77;
  Scheduler scheduler_{1};
  SimulatedLoop loop_{scheduler_};
  LoopWorkers workers_{loop_};
  NoMetrics metrics_;
  LineLog log_{{LogFormat::Text, LogLevel::Error, "/dev/null", {}}};
  std::filesystem::path folder_;
  std::unique_ptr<DeadLetters> letters_;
  SinkRules rules_;
  std::optional<SinkCursor> initial_;
  bool prompt_ = true;
  History history_;
  std::unique_ptr<HookSink> sink_;
  FakePort* port_ = nullptr;
  FakeCursors* cursors_ = nullptr;
};

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
  std::ofstream(folder_ / "audit.jsonl") << std::string(DeadLetters::maxBytes, 'x');
  history_.value("bad");
  initial_ = SinkCursor{};
  start();
  port_->answer({Status::Invalid, "no", {}});
  scheduler_.runFor(0s);
  EXPECT_LT(letter().size(), 1000u);
  EXPECT_EQ(letter("audit.1.jsonl").size(), DeadLetters::maxBytes);
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
}  // namespace clusterkit
