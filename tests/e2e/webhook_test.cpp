// Webhooks of a whole cluster: one receiver outside, the nodes that tell it come and go.
#include <atomic>
#include <mutex>
#include <set>

#include "e2e/hooked_cluster.hpp"
#include "receiver.hpp"
#include "request.hpp"

namespace clusterkit::test {
namespace {

constexpr const char* kSecret = "whsec-of-the-cluster";

// Keeps what it accepted, in order; refuses the first attempt at every tenth event for the time being.
class Endpoint {
 public:
  std::string url() const { return receiver_.url("/cluster"); }
  std::vector<webhook::Received> accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return accepted_.size();
  }
  int connections() const { return receiver_.connections(); }
  int refused() const { return refused_; }

 private:
  void serve(webhook::Visitor& visitor) {
    while (auto request = visitor.read()) {
      const std::uint64_t seq = std::stoull(request->headers["x-clusterkit-seq"]);
      if (seq % 10 == 0 && request->headers["x-clusterkit-attempt"] == "1") {
        ++refused_;
        visitor.send(webhook::answer(503, "Retry-After: 0\r\n"));
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        accepted_.push_back(*request);
      }
      visitor.send(webhook::answer(200));
    }
  }

  mutable std::mutex mutex_;
  std::vector<webhook::Received> accepted_;
  std::atomic<int> refused_{0};
  webhook::Receiver receiver_{[this](webhook::Visitor& visitor) { serve(visitor); }};
};

std::uint64_t seqOf(webhook::Received& call) { return std::stoull(call.headers["x-clusterkit-seq"]); }

TEST_F(HookedCluster, AWebhookOfTheLeaderIsCalledForEveryEventInOrderAlsoWhenTheLeaderDies) {
  Endpoint endpoint;
  const Settings settings = {{"sink.web.plugin", "webhook"},
                             {"sink.web.url", endpoint.url()},
                             {"sink.web.secret", kSecret},
                             {"sink.web.scope", "leader"},
                             {"sink.web.backoff", "20ms"}};
  startThreeHooked(settings);
  ASSERT_TRUE(eventually([&] { return isDone(cluster_.leader(), "web"); }, 20s));
  const std::string first = cluster_.leader().id();
  for (int i = 0; i < 30; ++i) ASSERT_EQ(cluster_.leader().put("k", std::to_string(i)).status, 200);
  cluster_.byId(first).kill9();
  TestNode& survivor = *cluster_.running().front();
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(eventually([&] { return survivor.put("k", "after-" + std::to_string(i)).status == 200; }));
  const auto servedByTheNext = [&] {
    const std::string now = survivor.leader();
    return !now.empty() && now != first && isDone(cluster_.byId(now), "web");
  };
  ASSERT_TRUE(eventually(servedByTheNext, 20s));

  auto calls = endpoint.accepted();
  std::map<std::uint64_t, std::string> keyOf;
  std::uint64_t last = 0;
  std::size_t repeats = 0;
  for (webhook::Received& call : calls) {
    const std::uint64_t seq = seqOf(call);
    EXPECT_LE(seq, last + 1) << "nothing is left out";
    if (seq <= last) ++repeats;
    last = std::max(last, seq);
    const auto [known, fresh] = keyOf.emplace(seq, call.headers["idempotency-key"]);
    EXPECT_EQ(known->second, call.headers["idempotency-key"]) << "a repeat has the key of the first";
    EXPECT_EQ(call.headers["x-clusterkit-signature"],
              webhook::signatureOf(kSecret, call.headers["x-clusterkit-timestamp"], call.body));
    Poco::JSON::Parser parser;
    const auto event = parser.parse(call.body).extract<Poco::JSON::Object::Ptr>();
    EXPECT_EQ(event->getValue<std::uint64_t>("seq"), seq);
    EXPECT_EQ(text(event, "id"), call.headers["idempotency-key"]);
    EXPECT_EQ(text(event, "type"), call.headers["x-clusterkit-event"]);
  }
  EXPECT_EQ(keyOf.size(), last) << "each from the first on";
  std::set<std::string> keys;
  for (const auto& [seq, key] : keyOf) keys.insert(key);
  EXPECT_EQ(keys.size(), keyOf.size());
  EXPECT_GT(endpoint.refused(), 0);
  EXPECT_LE(repeats, 3u) << "at most what was not yet replicated";
  EXPECT_LE(endpoint.connections(), 8) << "connections are kept";
}

TEST_F(HookedCluster, AReceiverThatIsAwayIsToldOfEverythingWhenItIsBack) {
  auto endpoint = std::make_unique<Endpoint>();
  const std::string url = endpoint->url();
  TestNode& node = addHooked({{"sink.web.plugin", "webhook"},
                              {"sink.web.url", "http://127.0.0.1:" + std::to_string(freePort()) + "/"},
                              {"sink.web.backoff", "20ms"}});
  ASSERT_TRUE(eventually([&] { return node.ready() && isDone(node); }, 20s)) << "the other sink goes on";
  ASSERT_TRUE(eventually([&] { return sink(node, "web")->optValue<int>("retries_total", 0) > 3; }, 20s));
  EXPECT_EQ(endpoint->count(), 0u);
  EXPECT_EQ(node.stop(), 0);
  node.set("sink.web.url", url);
  node.start();
  ASSERT_TRUE(eventually([&] { return isDone(node, "web"); }, 20s));
  auto calls = endpoint->accepted();
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(seqOf(calls[i]), i + 1);
  EXPECT_EQ(calls.size(), newest(node));
}

}  // namespace
}  // namespace clusterkit::test
