// Descriptors in the wait of the loop, as the loop itself offers them and as a plugin gets them.
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>

#include "host/descriptor_poll.hpp"
#include "host/host_services.hpp"
#include "host/thread_loop.hpp"
#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

class Readable {
 public:
  Readable() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Readable() { ::close(fd_); }
  Readable(const Readable&) = delete;
  Readable& operator=(const Readable&) = delete;
  int fd() const { return fd_; }
  void write() const { EXPECT_EQ(::eventfd_write(fd_, 1), 0); }
  void read() const {
    eventfd_t value = 0;
    EXPECT_EQ(::eventfd_read(fd_, &value), 0);
  }

 private:
  int fd_;
};

void within(std::future<void> happened) {
  ASSERT_EQ(happened.wait_for(10s), std::future_status::ready) << "nobody looked";
}

TEST(Descriptors, WakeTheLoopThatHasNothingElseToDo) {
  RunningLoop running;
  Readable readable;
  std::promise<void> looked;
  running.call([&] {
    ASSERT_TRUE(running.loop().descriptors()->watch(readable.fd(), [&] {
      readable.read();
      looked.set_value();
    }));
  });
  readable.write();
  within(looked.get_future());
  running.call([&] { running.loop().descriptors()->unwatch(readable.fd()); });
}

// Level-triggered, and fairly: neither starves the other.
TEST(Descriptors, AreLookedAtInEachTurnWhileTasksKeepTheLoopBusy) {
  RunningLoop running;
  ThreadLoop& loop = running.loop();
  Readable readable;
  std::atomic<int> looks{0}, tasks{0};
  std::promise<void> enough;
  std::function<void()> again = [&] {
    if (++tasks < 100'000 && looks < 50) loop.post([&] { again(); });
  };
  running.call([&] {
    loop.descriptors()->watch(readable.fd(), [&] {
      if (++looks != 50) return;
      loop.descriptors()->unwatch(readable.fd());
      enough.set_value();
    });
  });
  readable.write();
  loop.post([&] { again(); });
  within(enough.get_future());
  running.call([&] { EXPECT_EQ(looks, 50) << "given up from its own task"; });
  EXPECT_LT(tasks, 100'000);
}

TEST(Descriptors, TimersAreKeptBesideThem) {
  RunningLoop running;
  Readable readable;
  std::promise<void> fired;
  MonotonicTime due;
  running.call([&] {
    running.loop().descriptors()->watch(readable.fd(), [] {});
    due = running.loop().now() + 20ms;
    running.loop().timerAt(due, [&] {
      EXPECT_GE(running.loop().now(), due);
      fired.set_value();
    });
  });
  within(fired.get_future());
}

TEST(Descriptors, OneThatIsNoneOrWatchedAlreadyIsRefused) {
  DescriptorPoll poll;
  Readable readable;
  EXPECT_FALSE(poll.watch(-1, [] {}));
  EXPECT_TRUE(poll.watch(readable.fd(), [] {}));
  EXPECT_FALSE(poll.watch(readable.fd(), [] {}));
  poll.unwatch(readable.fd());
  poll.unwatch(readable.fd());
  EXPECT_TRUE(poll.watch(readable.fd(), [] {}));
}

TEST(Descriptors, OneThatAnotherGivesUpInTheSameTurnIsNotCalled) {
  DescriptorPoll poll;
  Readable a, b;
  int calls = 0;
  const auto only = [&](int other) {
    return [&, other] {
      ++calls;
      poll.unwatch(other);
    };
  };
  poll.watch(a.fd(), only(b.fd()));
  poll.watch(b.fd(), only(a.fd()));
  a.write();
  b.write();
  poll.poll(0ns);
  while (Task ready = poll.takeReady()) ready();
  EXPECT_EQ(calls, 1);
}

// A loop on which a plugin's instance lives.
struct PluginOnALoop : ::testing::Test {
  RunningLoop running;
  LoopWorkers workers{running.loop()};
  test::RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults{log, metrics};
  TokenTable tokens{running.loop(), faults};
  HostServices services{{"transport", "zmq", ""},
                        {running.loop(), workers, log, metrics, faults, tokens},
                        [](const Failure&) {}};
  const ck_host* host = services.table();
  const ck_host_readiness_1* readiness =
      static_cast<const ck_host_readiness_1*>(host->iface(host->cx, CK_HOST_READINESS));
};

TEST_F(PluginOnALoop, IsCalledWhileItsDescriptorIsReadable) {
  ASSERT_NE(readiness, nullptr);
  struct Plugin {
    Readable readable;
    std::promise<void> looked;
  } plugin;
  const auto look = [](void* arg) noexcept {
    auto* p = static_cast<Plugin*>(arg);
    p->readable.read();
    p->looked.set_value();
  };
  running.call([&] { EXPECT_EQ(readiness->watch(host->cx, plugin.readable.fd(), look, &plugin), CK_OK); });
  plugin.readable.write();
  within(plugin.looked.get_future());
  running.call([&] { readiness->unwatch(host->cx, plugin.readable.fd()); });
}

TEST_F(PluginOnALoop, ThatIsGoneIsCalledNoMoreAndDoesNotKeepTheLoopAwake) {
  Readable readable;
  std::atomic<int> calls{0};
  running.call([&] {
    readiness->watch(
        host->cx, readable.fd(), [](void* n) noexcept { ++*static_cast<std::atomic<int>*>(n); }, &calls);
    services.close(0s);
  });
  readable.write();
  // The first look finds the instance gone and gives the descriptor up: it can be watched anew.
  std::promise<void> given;
  std::function<void()> probe = [&] {
    DescriptorWatch& descriptors = *running.loop().descriptors();
    if (!descriptors.watch(readable.fd(), [] {})) return running.loop().post([&] { probe(); });
    descriptors.unwatch(readable.fd());
    given.set_value();
  };
  running.loop().post([&] { probe(); });
  within(given.get_future());
  EXPECT_EQ(calls, 0);
}

TEST_F(PluginOnALoop, BreaksARuleByANullFunctionOrAForeignThread) {
  Readable readable;
  EXPECT_EQ(readiness->watch(
                host->cx, readable.fd(), [](void*) noexcept {}, nullptr),
            CK_INVALID);
  readiness->unwatch(host->cx, readable.fd());
  running.call([&] { EXPECT_EQ(readiness->watch(host->cx, readable.fd(), nullptr, nullptr), CK_INVALID); });
  EXPECT_EQ(faults.total(), 3u);
}

TEST(SimulatedTime, HasNoDescriptors) {
  Scheduler scheduler{1};
  SimulatedLoop loop{scheduler};
  LoopWorkers workers{loop};
  test::RecordingLog log;
  NoMetrics metrics;
  PluginFaults faults{log, metrics};
  TokenTable tokens{loop, faults};
  HostServices services{
      {"transport", "zmq", ""}, {loop, workers, log, metrics, faults, tokens}, [](const Failure&) {}};
  EXPECT_EQ(services.table()->iface(services.table()->cx, CK_HOST_READINESS), nullptr);
}

}  // namespace
}  // namespace clusterkit
