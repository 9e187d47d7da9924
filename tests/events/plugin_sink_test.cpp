// Sinks written with the SDK and by hand against the tables, on real threads.
#include <clusterkit/sink.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "events/async_sink.hpp"
#include "events/simple_sink.hpp"
#include "host/line_log.hpp"
#include "host/thread_loop.hpp"
#include "host/workers.hpp"
#include "journal_fixture.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Steers the plugin objects below; one at a time.
struct Script {
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false, cancelled = false;
  int inside = 0, mostInside = 0;
  std::function<Verdict(const clusterkit::Event&)> verdict = [](const clusterkit::Event&) { return ack(); };

  template <class F>
  bool waitFor(F condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, condition);
  }
} * script;

struct Scripted : Sink {
  explicit Scripted(const Setup&) {}
  Verdict deliver(const clusterkit::Event& event) override {
    std::unique_lock lock(script->mutex);
    script->mostInside = std::max(script->mostInside, ++script->inside);
    script->changed.notify_all();
    script->changed.wait(lock, [] { return !script->blocked || script->cancelled; });
    --script->inside;
    script->changed.notify_all();
    return script->cancelled ? retry("cancelled") : script->verdict(event);
  }
  void cancel() override {
    const std::lock_guard lock(script->mutex);
    script->cancelled = true;
    script->changed.notify_all();
  }
};

// A sink/1: keeps its batches and answers when the story says so.
struct Later {
  const ck_host* host;
  const ck_sink_host_1* up;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> batches;  // batch, seq
  ck_status answer = CK_OK;
  ck_token stopToken = 0;
} * later;

ck_status laterCreate(const ck_host* host, const ck_config*, void** self, ck_error*) noexcept {
  later->host = host;
  later->up = static_cast<const ck_sink_host_1*>(host->iface(host->cx, CK_SINK_HOST));
  *self = later;
  return CK_OK;
}
ck_status laterStart(void*, ck_error*) noexcept { return CK_OK; }
ck_status laterDeliver(void*, const ck_event* events, std::uint64_t count, std::uint64_t batch) noexcept {
  EXPECT_EQ(count, 1u);
  if (later->answer == CK_OK) later->batches.emplace_back(batch, events->seq);
  return later->answer;
}
void laterStop(void*, std::uint64_t, ck_token token) noexcept {
  ck_result result{};
  result.size = sizeof result;
  later->host->complete(later->host->cx, token, &result);
}
constexpr ck_sink_1 kLaterTable{sizeof(ck_sink_1), 0, laterStart, laterDeliver, nullptr, laterStop};
const void* laterIface(void*, const char* id) noexcept {
  return std::string_view(id) == CK_SINK_KIND ? &kLaterTable : nullptr;
}
void laterDestroy(void*) noexcept {}

ck_config emptyConfig() {
  ck_config config{};
  config.size = sizeof config;
  config.instance = "audit";
  config.data_dir = "/tmp";
  config.str = [](void*, const char*) noexcept -> const char* { return nullptr; };
  config.num = [](void*, const char*) noexcept -> std::int64_t { return 0; };
  config.count = [](void*, const char*) noexcept -> std::uint64_t { return 0; };
  config.item = [](void*, const char*, std::uint64_t) noexcept -> const char* { return nullptr; };
  return config;
}

class PluginSinkTest : public ::testing::Test {
 protected:
  PluginSinkTest() {
    script = &script_;
    later = &later_;
    runner_ = std::thread([this] { loop_.run(); });
  }
  ~PluginSinkTest() override {
    onLoop([this] { port_.reset(); });
    loop_.stop();
    runner_.join();
  }

  template <class F>
  void onLoop(F what) {
    std::promise<void> done;
    loop_.post([&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  void useSimple(std::uint32_t concurrency) {
    static constexpr ck_component component = sdk::component<Scripted, sdk::SinkTraits<Scripted>::iface>(
        CK_SINK_SIMPLE_KIND, "scripted", "1", "for tests", 0);
    onLoop([&] {
      port_ = std::make_unique<SimpleSink>(
          component, config_, parts_, [](const Failure&) {}, concurrency);
      port_->start();
    });
  }
  void useAsync() {
    static constexpr ck_component component{
        sizeof(ck_component), 0,          CK_SINK_KIND, "later", "for tests", "1", nullptr, 0, 0,
        laterCreate,          laterIface, laterDestroy};
    onLoop([&] {
      port_ = std::make_unique<AsyncSink>(component, config_, parts_, [](const Failure&) {});
      port_->start();
    });
  }
  std::future<SinkAnswer> deliver(std::uint32_t attempt = 1) {
    history_.value("key");
    const auto event = *history_.state.events.find(EventSeq(history_.state.nextEvent.value - 1));
    auto promise = std::make_shared<std::promise<SinkAnswer>>();
    onLoop([&] {
      port_->deliver(
          {event, std::make_shared<const std::string>(eventJson(*event)), attempt, loop_.now() + 5s},
          [promise](SinkAnswer answer) { promise->set_value(std::move(answer)); });
    });
    return promise->get_future();
  }
  bool stop(Duration limit) {
    std::promise<void> stopped;
    const auto before = std::chrono::steady_clock::now();
    onLoop([&] { port_->stop(loop_.now() + limit, [&stopped] { stopped.set_value(); }); });
    stopped.get_future().wait();
    return std::chrono::steady_clock::now() - before < limit;
  }

  Script script_;
  Later later_{};
  ThreadLoop loop_{{}};
  ThreadWorkers workers_;
  NoMetrics metrics_;
  LineLog log_{{LogFormat::Text, LogLevel::Error, "/dev/null", {}}};
  PluginFaults faults_{log_, metrics_};
  TokenTable tokens_{loop_, faults_};
  HostParts parts_{loop_, workers_, log_, metrics_, faults_, tokens_};
  ck_config config_ = emptyConfig();
  test::History history_;
  std::unique_ptr<SinkPort> port_;
  std::thread runner_;
};

TEST_F(PluginSinkTest, ASimpleSinkSeesTheWholeEventAndItsDeadline) {
  useSimple(1);
  script_.verdict = [](const clusterkit::Event& event) {
    EXPECT_EQ(event.seq(), 1u);
    EXPECT_EQ(event.attempt(), 3u);
    EXPECT_EQ(event.type(), "value_change");
    EXPECT_EQ(event.subject(), "key");
    EXPECT_NE(event.deadline(), 0u);
    EXPECT_THAT(std::string(event.json()), HasSubstr("\"key\":\"key\""));
    return ack();
  };
  EXPECT_EQ(deliver(3).get().status, Status::Ok);
}

TEST_F(PluginSinkTest, VerdictsAndExceptionsBecomeAnswers) {
  useSimple(1);
  script_.verdict = [](const clusterkit::Event&) { return retry("busy", 250ms); };
  const SinkAnswer busy = deliver().get();
  EXPECT_TRUE(busy.mayRetry());
  EXPECT_EQ(busy.text, "busy");
  EXPECT_EQ(busy.retryAfter, 250ms);
  script_.verdict = [](const clusterkit::Event&) { return reject("nonsense"); };
  EXPECT_FALSE(deliver().get().mayRetry());
  script_.verdict = [](const clusterkit::Event&) -> Verdict { throw Error(CK_RETRY, "thrown"); };
  EXPECT_EQ(deliver().get().text, "thrown");
  script_.verdict = [](const clusterkit::Event&) -> Verdict { throw 5; };
  EXPECT_EQ(deliver().get().status, Status::Internal);
}

TEST_F(PluginSinkTest, NoMoreThreadsThanItsConcurrencyEnterASimpleSink) {
  useSimple(3);
  script_.blocked = true;
  std::vector<std::future<SinkAnswer>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(deliver());
  EXPECT_TRUE(script_.waitFor([&] { return script_.inside == 3; }));
  {
    const std::lock_guard lock(script_.mutex);
    script_.blocked = false;
    script_.changed.notify_all();
  }
  for (auto& answer : answers) EXPECT_EQ(answer.get().status, Status::Ok);
  EXPECT_EQ(script_.mostInside, 3);
}

TEST_F(PluginSinkTest, AStopCancelsWhatIsUnderWay) {
  useSimple(1);
  script_.blocked = true;
  auto answer = deliver();
  EXPECT_TRUE(script_.waitFor([&] { return script_.inside == 1; }));
  EXPECT_TRUE(stop(10s));
  EXPECT_EQ(answer.get().text, "cancelled");
}

TEST_F(PluginSinkTest, AnAsynchronousSinkIsAnsweredFromAnyThreadAndInAnyOrder) {
  useAsync();
  auto first = deliver(), second = deliver(), third = deliver();
  ASSERT_EQ(later_.batches.size(), 3u);
  const ck_error why = makeError(CK_RETRY, "later");
  std::thread([&] {
    later_.up->ack(later_.host->cx, later_.batches[1].first, later_.batches[1].second);
    later_.up->nack(later_.host->cx, later_.batches[0].first, later_.batches[0].second, CK_NACK_RETRY, &why);
    later_.up->nack(later_.host->cx, later_.batches[2].first, later_.batches[2].second, CK_NACK_DEAD_LETTER,
                    nullptr);
  }).join();
  EXPECT_EQ(second.get().status, Status::Ok);
  const SinkAnswer retried = first.get();
  EXPECT_TRUE(retried.mayRetry());
  EXPECT_EQ(retried.text, "later");
  EXPECT_FALSE(third.get().mayRetry());
  EXPECT_TRUE(stop(10s));
}

TEST_F(PluginSinkTest, AnAsynchronousSinkThatIsBusyOrMakesUpABatchDoesNoHarm) {
  useAsync();
  later_.answer = CK_AGAIN;
  EXPECT_TRUE(deliver().get().mayRetry());
  later_.answer = CK_OK;
  auto answer = deliver();
  later_.up->ack(later_.host->cx, 4711, 1);
  const auto& [batch, seq] = later_.batches.at(0);
  later_.up->ack(later_.host->cx, batch, seq);
  EXPECT_EQ(answer.get().status, Status::Ok);
  later_.up->ack(later_.host->cx, batch, seq);
  EXPECT_TRUE(stop(10s));
  EXPECT_EQ(faults_.total(), 2u);
}

}  // namespace
}  // namespace clusterkit
