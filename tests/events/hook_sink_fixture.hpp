// A hook sink with a port and cursors that the story answers for, on a history that it tells.
#pragma once

#include "events/hook_sink.hpp"
#include "events/letter_files.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/line_log.hpp"
#include "host/workers.hpp"
#include "journal_fixture.hpp"

namespace clusterkit::test {

using namespace std::chrono_literals;

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
    letters_ = std::make_unique<LetterFiles>(loop_, workers_, folder_);
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
  std::unique_ptr<LetterFiles> letters_;
  SinkRules rules_;
  std::optional<SinkCursor> initial_;
  bool prompt_ = true;
  History history_;
  std::unique_ptr<HookSink> sink_;
  FakePort* port_ = nullptr;
  FakeCursors* cursors_ = nullptr;
};

}  // namespace clusterkit::test
