// SIGKILL at random moments: all that was reported durable is there, and what is there is a prefix (scenarios
// 28, 49).
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;
using contract::TempFolder;

// What the store must hold after step g; every step follows from its number alone, so any prefix can be
// computed.
class Model {
 public:
  std::uint64_t step() const { return step_; }
  const std::vector<Entry>& log() const { return log_; }
  const ck_hard_state& hard() const { return hard_; }

  BatchOf next() {
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
  // No truncation goes further below the highest index ever reached.
  static constexpr std::size_t depth = 8;

 private:
  std::uint64_t step_ = 0;
  std::size_t highest_ = 0;
  std::vector<Entry> log_;
  ck_hard_state hard_{};
};

std::string stateAt(const Entry& e) {
  return std::string(3000, static_cast<char>('A' + e.index % 26)) + e.bytes;
}

// Works until it is killed; tells every durable step through the pipe.
[[noreturn]] void workUntilKilled(const std::filesystem::path& folder, Model model, int pipe) {
  StoreUnderTest store("sqlite", folder, {{"checkpoint_pages", "100"}, {"high_water_sync", "1ms"}});
  const auto opened = store.open();
  if (opened.status != CK_OK) _exit(3);
  const std::uint64_t start = model.step();
  std::vector<std::uint64_t> stepOfSeq{start};
  std::uint64_t told = 0;
  const auto tell = [&] {
    const std::uint64_t seq = store.durable();
    if (seq <= told) return;
    told = seq;
    if (::write(pipe, &stepOfSeq[seq], sizeof(std::uint64_t)) < 0) _exit(4);
  };
  for (std::uint64_t round = 0;; ++round) {
    if (store.submit(model.next()) != CK_OK) _exit(5);
    stepOfSeq.push_back(model.step());
    if (!store.host().runUntil([&] { return store.submitted() - store.durable() < 30; })) _exit(6);
    tell();
    if (round % 40 != 39 || model.log().size() < 20) continue;
    const Entry& e = model.log()[model.log().size() - Model::depth - 2];
    if (e.index <= opened.image.snapshot.index) continue;
    const ck_status status = store.snapshot(e.index, e.term, stateAt(e));
    if (status != CK_OK && status != CK_STALE) _exit(7);
    if (store.submit(BatchOf().compactTo(e.index > 15 ? e.index - 15 : 0)) != CK_OK) _exit(8);
    stepOfSeq.push_back(model.step());
  }
}

std::uint64_t lastTold(int pipe, std::uint64_t before) {
  std::uint64_t step = before;
  std::uint64_t read = 0;
  while (::read(pipe, &read, sizeof read) == sizeof read) step = read;
  return step;
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

TEST(Crash, KilledAtRandomMomentsItHoldsAPrefixWithAllThatWasDurable) {
  TempFolder folder(
      contract::memoryFolder());  // a kill loses no page cache, so a disk would lose nothing more
  Model model;
  std::mt19937_64 random(7);
  std::uint64_t steps = 0;
  for (int round = 0; round < 100; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe[0]);
      workUntilKilled(folder.path(), model, pipe[1]);
    }
    ::close(pipe[1]);
    // The moment is the test's input, not a synchronisation. One round in five it may hit the open, the
    // others come after the first durable step.
    pollfd progress{pipe[0], POLLIN, 0};
    if (round % 5 != 0) {
      ASSERT_EQ(::poll(&progress, 1, 30'000), 1) << "no step became durable";
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 15'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the worker ended by itself with " << WEXITSTATUS(status);
    const std::uint64_t told = lastTold(pipe[0], model.step());
    ::close(pipe[0]);

    StoreUnderTest store("sqlite", folder.path());
    const auto opened = store.open();
    ASSERT_EQ(opened.status, CK_OK) << opened.error;
    ASSERT_FALSE(opened.repairing()) << "a kill loses nothing that was acknowledged";
    const std::uint64_t before = model.step();
    expectPrefix(store, opened, model, told);
    if (HasFatalFailure()) return;
    steps += model.step() - before;
    ASSERT_EQ(store.stop(), CK_OK);
  }
  EXPECT_GT(steps, 100u) << "the worker hardly came to work";
}

}  // namespace
}  // namespace clusterkit::sqlite
