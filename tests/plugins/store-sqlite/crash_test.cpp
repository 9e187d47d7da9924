// SIGKILL at random moments: all that was reported durable is there, and what is there is a prefix (scenarios
// 28, 49).
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "store_model.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;
using contract::TempFolder;

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
    const std::optional<Entry> e = round % 40 == 39 ? model.settled() : std::nullopt;
    if (!e || e->index <= opened.image.snapshot.index) continue;
    const ck_status status = store.snapshot(e->index, e->term, stateAt(*e));
    if (status != CK_OK && status != CK_STALE) _exit(7);
    if (store.submit(BatchOf().compactTo(e->index > 15 ? e->index - 15 : 0)) != CK_OK) _exit(8);
    stepOfSeq.push_back(model.step());
  }
}

std::uint64_t lastTold(int pipe, std::uint64_t before) {
  std::uint64_t step = before;
  std::uint64_t read = 0;
  while (::read(pipe, &read, sizeof read) == sizeof read) step = read;
  return step;
}

TEST(Crash, S049_KilledAtRandomMomentsItHoldsAPrefixWithAllThatWasDurable) {
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
