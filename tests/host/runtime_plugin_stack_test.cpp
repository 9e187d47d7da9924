#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "host/thread_loop.hpp"
#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::self;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What a test leaves behind on purpose stays reachable to the very end, so that a leak checker reports only
// the rest.
std::vector<void*>& leftBehind() {
  static auto* const all = new std::vector<void*>;
  return *all;
}

struct Stack : ::testing::Test {
  Result<StoreImage> openStore() {
    std::optional<Result<StoreImage>> image;
    node.stack->startStore([&](Result<StoreImage> opened) { image.emplace(std::move(opened)); });
    node.scheduler.runUntil([&] { return image.has_value(); }, 1s);
    return image ? std::move(*image) : Failure{Status::Timeout, "no answer"};
  }
  StopReport stop(Duration deadline = 3s) {
    std::optional<StopReport> report;
    node.stack->stop(deadline, [&](StopReport r) { report = std::move(r); });
    EXPECT_FALSE(report) << "never inside the call";
    EXPECT_TRUE(node.scheduler.runUntil([&] { return report.has_value(); }, 60s));
    return report.value_or(StopReport{{"never"}});
  }
  std::string failureOf(const std::function<void()>& step) {
    try {
      step();
    } catch (const PluginError& e) {
      return e.what();
    }
    return "no error";
  }
  ClusterBoot boot() { return {BootKind::New, ClusterId(5), {self, "a:1", ""}}; }
  // The journal from here on.
  test::Journal after(std::size_t mark) const {
    return {node.journal.begin() + static_cast<std::ptrdiff_t>(mark), node.journal.end()};
  }

  FakeNode node;
};

TEST_F(Stack, StartsInOrderAndStopsInReverse) {
  node.startAll();
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.stack.reset();
  EXPECT_THAT(node.journal,
              ElementsAre("store.create", "transport.create", "consensus.create", "store.open",
                          "transport.start", "consensus.start", "consensus.stop", "transport.stop",
                          "store.stop", "consensus.destroy", "transport.destroy", "store.destroy"));
  EXPECT_THAT(node.fatals, IsEmpty());
}

TEST_F(Stack, TheStoresImageReachesTheConsensus) {
  node.make();
  const Result<StoreImage> image = openStore();
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image.value().term, 7U);
  EXPECT_EQ(image.value().last, LogIndex(9));
  EXPECT_FALSE(image.value().empty());
  EXPECT_EQ(node.stack->startTransport(self).endpoint, "127.0.0.1:4000");
  node.stack->startConsensus(boot());
  EXPECT_EQ(node.consensus.object->lastIndex, 9U);
  stop();
}

TEST_F(Stack, AFailedCreateDestroysWhatWasCreatedBefore) {
  node.store.create = CK_INVALID;
  EXPECT_THAT(failureOf([&] { node.make(); }),
              HasSubstr("plugin store fake, create: store cannot be created (invalid)"));
  EXPECT_THAT(node.journal, IsEmpty());

  node.store.create = CK_OK;
  node.transport.create = CK_CONFLICT;
  EXPECT_THAT(failureOf([&] { node.make(); }), HasSubstr("transport fake, create"));
  EXPECT_THAT(node.journal, ElementsAre("store.create", "store.destroy"));

  node.journal.clear();
  node.transport.create = CK_OK;
  node.consensus.create = CK_IO;
  EXPECT_THAT(failureOf([&] { node.make(); }), HasSubstr("consensus fake, create"));
  EXPECT_THAT(node.journal,
              ElementsAre("store.create", "transport.create", "transport.destroy", "store.destroy"));
}

TEST_F(Stack, AStoreThatDoesNotOpenIsDestroyedWithoutAStop) {
  node.make();
  node.store.open = CK_CORRUPT;
  const Result<StoreImage> image = openStore();
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.failure().status, Status::Corrupt);
  EXPECT_EQ(image.failure().text, "cannot be opened");
  const std::size_t mark = node.journal.size();
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.stack.reset();
  EXPECT_THAT(after(mark), ElementsAre("consensus.destroy", "transport.destroy", "store.destroy"));
}

TEST_F(Stack, ATransportThatDoesNotStartStopsOnlyTheStore) {
  node.make();
  node.transport.start = CK_CONFLICT;
  ASSERT_TRUE(openStore().ok());
  EXPECT_THAT(failureOf([&] { node.stack->startTransport(self); }),
              HasSubstr("plugin transport fake, start: address in use (conflict)"));
  const std::size_t mark = node.journal.size();
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.stack.reset();
  EXPECT_THAT(after(mark),
              ElementsAre("store.stop", "consensus.destroy", "transport.destroy", "store.destroy"));
}

TEST_F(Stack, AConsensusThatDoesNotStartStopsTransportAndStore) {
  node.make();
  node.consensus.start = CK_CORRUPT;
  ASSERT_TRUE(openStore().ok());
  node.stack->startTransport(self);
  EXPECT_THAT(failureOf([&] { node.stack->startConsensus(boot()); }),
              HasSubstr("plugin consensus fake, start: the log is torn (corrupt)"));
  const std::size_t mark = node.journal.size();
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.stack.reset();
  EXPECT_THAT(after(mark), ElementsAre("transport.stop", "store.stop", "consensus.destroy",
                                       "transport.destroy", "store.destroy"));
}

TEST_F(Stack, AStopDuringTheOpenEndsTheOpenAsCancelled) {
  node.make();
  node.store.answersOpen = false;
  std::optional<Status> opened;
  node.stack->startStore(
      [&](Result<StoreImage> image) { opened = image.ok() ? Status::Ok : image.failure().status; });
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.settle();
  EXPECT_EQ(opened, Status::Cancelled);
  node.stack.reset();
  EXPECT_EQ(node.journal.back(), "store.destroy");
}

TEST_F(Stack, StepsOutOfOrderAreRefused) {
  node.make();
  EXPECT_THROW(node.stack->startTransport(self), std::logic_error);
  EXPECT_THROW(node.stack->startConsensus(boot()), std::logic_error);
  ASSERT_TRUE(openStore().ok());
  EXPECT_THROW(node.stack->startStore([](Result<StoreImage>) {}), std::logic_error);
  EXPECT_THROW(node.stack->startConsensus(boot()), std::logic_error);
  stop();
  EXPECT_THROW(node.stack->startTransport(self), std::logic_error);
}

TEST_F(Stack, NothingStartedNeedsNoStop) {
  node.make();
  EXPECT_THAT(stop().overdue, IsEmpty());
  node.stack.reset();
  EXPECT_THAT(node.journal, ElementsAre("store.create", "transport.create", "consensus.create",
                                        "consensus.destroy", "transport.destroy", "store.destroy"));
}

TEST_F(Stack, ASecondStopGetsItsReportToo) {
  node.startAll();
  int reports = 0;
  node.stack->stop(1s, [&](StopReport) { ++reports; });
  node.stack->stop(1s, [&](StopReport) { ++reports; });
  node.settle();
  EXPECT_EQ(reports, 2);
  node.stack->stop(1s, [&](StopReport) { ++reports; });
  node.settle();
  EXPECT_EQ(reports, 3);
  EXPECT_EQ(std::count(node.journal.begin(), node.journal.end(), "store.stop"), 1);
}

TEST_F(Stack, APluginThatDoesNotStopIsPassedOverAndLeftBehind) {
  node.startAll();
  node.transport.answersStop = false;
  leftBehind().push_back(node.transport.object);
  const MonotonicTime before = node.loop.now();
  EXPECT_THAT(stop(3s).overdue, ElementsAre("transport fake"));
  EXPECT_LE(node.loop.now() - before, 3s);
  node.stack.reset();
  EXPECT_THAT(node.journal, ::testing::Contains("store.stop"));
  EXPECT_THAT(node.journal, ::testing::Contains("store.destroy"));
  EXPECT_THAT(node.journal, ::testing::Not(::testing::Contains("transport.destroy")));
  EXPECT_TRUE(node.log.has("plugin_left_behind"));
}

TEST_F(Stack, AStopWaitsForAConsensusThatIsBeingStoppedAlone) {
  node.startAll();
  node.consensus.answersStop = false;
  std::optional<Status> alone;
  node.stack->stopConsensus([&](const CallOutcome& outcome) { alone = outcome.status; });
  std::optional<StopReport> report;
  node.stack->stop(3s, [&](StopReport r) { report = std::move(r); });
  node.scheduler.runFor(500ms);
  EXPECT_THAT(node.journal, ::testing::Not(::testing::Contains("transport.stop"))) << "it may still send";
  node.consensus.object->host.complete(*node.consensus.object->stopToken, CK_OK);
  EXPECT_TRUE(node.scheduler.runUntil([&] { return report.has_value(); }, 1s));
  EXPECT_EQ(alone, Status::Ok);
  EXPECT_THAT(report->overdue, IsEmpty());
  EXPECT_EQ(std::count(node.journal.begin(), node.journal.end(), "consensus.stop"), 1);
  EXPECT_EQ(node.journal.back(), "store.stop");
}

TEST_F(Stack, AConsensusThatIsStoppedAloneAndNeverAnswersIsLeftBehindByTheStop) {
  node.startAll();
  node.consensus.answersStop = false;
  leftBehind().push_back(node.consensus.object);
  std::optional<Status> alone;
  node.stack->stopConsensus([&](const CallOutcome& outcome) { alone = outcome.status; });
  EXPECT_THAT(stop(3s).overdue, ElementsAre("consensus fake"));
  EXPECT_EQ(alone, Status::Unavailable);
  EXPECT_EQ(node.journal.back(), "store.stop");
}

TEST_F(Stack, AConsensusThatWasStoppedAloneIsNotStoppedAgain) {
  node.startAll();
  std::optional<Status> alone;
  node.stack->stopConsensus([&](const CallOutcome& outcome) { alone = outcome.status; });
  node.settle();
  EXPECT_EQ(alone, Status::Ok);
  EXPECT_THAT(stop().overdue, IsEmpty());
  EXPECT_EQ(std::count(node.journal.begin(), node.journal.end(), "consensus.stop"), 1);
}

TEST_F(Stack, AllThreeHangingStillEndAtTheDeadline) {
  node.startAll();
  node.store.answersStop = node.transport.answersStop = node.consensus.answersStop = false;
  leftBehind().insert(leftBehind().end(), {node.store.object, node.transport.object, node.consensus.object});
  const MonotonicTime before = node.loop.now();
  EXPECT_THAT(stop(3s).overdue, ElementsAre("consensus fake", "transport fake", "store fake"));
  EXPECT_EQ(node.loop.now() - before, 3s);
}

TEST_F(Stack, AnAnswerAfterTheDeadlineIsHarmless) {
  node.startAll();
  node.consensus.answersStop = false;
  leftBehind().push_back(node.consensus.object);
  stop(3s);
  test::FakeConsensus* const late = node.consensus.object;
  EXPECT_EQ(late->host.complete(*late->stopToken, CK_OK), CK_STALE);
  node.settle();
  node.stack.reset();
  EXPECT_EQ(late->host.complete(*late->stopToken, CK_OK), CK_STALE);
}

TEST_F(Stack, ARunningStackThatIsDestroyedLeavesItsPluginsBehind) {
  node.startAll();
  leftBehind().insert(leftBehind().end(), {node.store.object, node.transport.object, node.consensus.object});
  node.stack.reset();
  EXPECT_EQ(node.log.count("plugin_left_behind"), 3U);
}

TEST_F(Stack, TheFirstFatalEndsTheNodeTheOthersAreOnlyLogged) {
  node.startAll();
  node.transport.object->host.fatal(makeError(CK_IO, "socket gone"));
  node.store.object->host.fatal(makeError(CK_IO, "disk gone"));
  EXPECT_THAT(node.fatals, IsEmpty());
  node.settle();
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::PluginFailed);
  EXPECT_EQ(node.fatals[0].first, "plugin transport fake failed: socket gone (io)");
  EXPECT_EQ(node.log.count("plugin_failed"), 2U);
  EXPECT_THAT(stop().overdue, IsEmpty()) << "a poisoned plugin is still stopped";
}

TEST_F(Stack, WhoHearsOfAFatalOrOfTheStopMayDestroyTheStack) {
  node.startAll();
  node.stack->stop(1s, [&](StopReport) { node.stack.reset(); });
  node.settle();
  EXPECT_EQ(node.stack, nullptr);
  EXPECT_EQ(node.journal.back(), "store.destroy");
}

TEST_F(Stack, AnIncompleteTableIsRefusedByName) {
  static ck_store_1 table = sdk::StoreTraits<test::FakeStore>::table;
  table.snap_read = nullptr;
  ck_component component = test::storeComponent();
  component.iface = [](void*, const char*) noexcept -> const void* { return &table; };
  const StackChoices choices{{component, node.storeConfig},
                             {test::transportComponent(), node.transportConfig},
                             {test::consensusComponent(), node.consensusConfig}};
  const StackServices services{node.loop, node.workers, node.log, node.metrics};
  const auto make = [&] { PluginStack stack(choices, services, node.listener, {}); };
  EXPECT_THAT(failureOf(make), HasSubstr("function 11 of its table clusterkit.store/1 is null"));
  table.size = 40;
  EXPECT_THAT(failureOf(make), HasSubstr("has 40 bytes, 112 are needed"));
  component.iface = [](void*, const char*) noexcept -> const void* { return nullptr; };
  EXPECT_THAT(failureOf(make), HasSubstr("offers no table clusterkit.store/1"));
  EXPECT_THAT(node.journal.back(), "store.destroy");
}

// The same on real threads: the fakes' completions come from the loop, the test from outside.
TEST(StackOfThreads, StartsProposesAndStops) {
  FakeNode scripts;
  RunningLoop running;
  ThreadWorkers workers;
  const StackChoices choices{{test::storeComponent(), scripts.storeConfig},
                             {test::transportComponent(), scripts.transportConfig},
                             {test::consensusComponent(), scripts.consensusConfig}};
  std::unique_ptr<PluginStack> stack;
  std::promise<void> opened, proposed, stopped;
  running.call([&] {
    stack = std::make_unique<PluginStack>(
        choices, StackServices{running.loop(), workers, scripts.log, scripts.metrics}, scripts.listener,
        [](const std::string& reason, PluginExit) { FAIL() << reason; });
    stack->startStore([&](Result<StoreImage>) { opened.set_value(); });
  });
  opened.get_future().wait();
  running.call([&] {
    stack->startTransport(self);
    stack->startConsensus({BootKind::New, ClusterId(5), {self, "a:1", ""}});
    stack->consensus().propose("c", [&](CallOutcome outcome) {
      EXPECT_EQ(outcome.status, Status::Ok);
      proposed.set_value();
    });
  });
  proposed.get_future().wait();
  // Upcalls of the plugins' own threads, while the loop runs.
  std::thread received([&] {
    for (int i = 0; i < 1000; ++i) scripts.transport.object->receive(20, std::string("m") + '\x01');
  });
  std::thread durable([&] {
    for (int i = 0; i < 1000; ++i) scripts.store.object->writable();
  });
  received.join();
  durable.join();
  running.call([&] {
    stack->stop(5s, [&](StopReport report) {
      EXPECT_THAT(report.overdue, IsEmpty());
      stack.reset();
      stopped.set_value();
    });
  });
  stopped.get_future().wait();
  running.stop();
  EXPECT_EQ(scripts.consensus.messages.size(), 1000U);
  EXPECT_THAT(scripts.listener.commands, ElementsAre("c"));
}

}  // namespace
}  // namespace clusterkit
