// The node stops: whatever a delivery waits for, it ends at once.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "receiver.hpp"
#include "resolver.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

// Delivers on another thread, cancels once `underWay` holds, and expects a quick end.
void expectCancelEnds(Webhook& webhook, const std::function<bool()>& underWay) {
  auto delivered = std::async(std::launch::async, [&] { return webhook.deliver(60s); });
  ASSERT_TRUE(test::eventually(underWay));
  webhook.cancel();
  ASSERT_EQ(delivered.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(delivered.get().status, CK_CANCELLED);
}

// Listens with a full queue, so that a further connect neither succeeds nor fails.
class FullListener {
 public:
  FullListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 0) != 0 ||
        ::getsockname(listener_, address, &size) != 0)
      throw std::runtime_error("cannot listen");
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      (void)::connect(filler, address, size);  // EINPROGRESS is what is wanted
    }
  }
  ~FullListener() {
    for (const int filler : fillers_) ::close(filler);
    ::close(listener_);
  }
  std::string url(const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) + "/";
  }

 private:
  int listener_;
  sockaddr_in address_{};
  int fillers_[4];
};

TEST(WebhookCancel, EndsTheWaitForAnAnswer) {
  std::atomic<bool> asked{false};
  Receiver receiver([&](Visitor& visitor) {
    visitor.read();
    asked = true;
    visitor.waitForEnd();
  });
  Webhook webhook(receiver.url());
  expectCancelEnds(webhook, [&] { return asked.load(); });
}

TEST(WebhookCancel, EndsTheWaitForATlsHandshake) {
  Receiver receiver([](Visitor& visitor) { visitor.waitForEnd(); });  // takes the hello and says nothing
  Webhook webhook("https://127.0.0.1:" + std::to_string(receiver.port()), {{"connect_timeout", "60s"}});
  expectCancelEnds(webhook, [&] { return receiver.connections() == 1; });
}

TEST(WebhookCancel, EndsTheWaitForAConnection) {
  FullListener full;
  Webhook webhook(full.url("http"), {{"connect_timeout", "60s"}});
  auto delivered = std::async(std::launch::async, [&] { return webhook.deliver(60s); });
  EXPECT_EQ(delivered.wait_for(200ms), std::future_status::timeout);  // it does wait
  webhook.cancel();
  ASSERT_EQ(delivered.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(delivered.get().status, CK_CANCELLED);
}

TEST(WebhookCancel, RefusesWhatComesLater) {
  Receiver receiver(Receiver::always(answer(200)));
  Webhook webhook(receiver.url());
  webhook.cancel();
  EXPECT_EQ(webhook.deliver().status, CK_CANCELLED);
}

TEST(WebhookConnectTimeout, EndsAConnectionThatIsNotTaken) {
  FullListener full;
  for (const char* scheme : {"http", "https"}) {
    Webhook webhook(full.url(scheme), {{"connect_timeout", "200ms"}});
    Delivered delivered;
    EXPECT_LT(timeOf([&] { delivered = webhook.deliver(30s); }), 5s);
    EXPECT_EQ(delivered.status, CK_TIMEOUT);
    EXPECT_THAT(delivered.text, HasSubstr("did not connect in time"));
  }
}

TEST(WebhookConnectTimeout, EndsAHandshakeThatIsNotAnswered) {
  Receiver receiver([](Visitor& visitor) { visitor.waitForEnd(); });
  Webhook webhook("https://127.0.0.1:" + std::to_string(receiver.port()), {{"connect_timeout", "200ms"}});
  Delivered delivered;
  EXPECT_LT(timeOf([&] { delivered = webhook.deliver(30s); }), 5s);
  EXPECT_EQ(delivered.status, CK_TIMEOUT);
}

// A name lookup that answers when it is told to.
class WebhookLookup : public testing::Test {
 protected:
  ~WebhookLookup() override { release(); }
  void release() {
    if (!released_) answer_.set_value({Poco::Net::IPAddress("192.0.2.1")});
    released_ = true;
  }
  std::uint64_t in(std::chrono::milliseconds wait) { return watchdog_.after(wait); }

  contract::FakeHost host_;
  Watchdog watchdog_{Host(host_.table())};
  std::promise<Addresses> answer_;
  bool released_ = false;
  std::shared_ptr<std::atomic<int>> lookups_ = std::make_shared<std::atomic<int>>(0);
  Resolver resolver_{"hooks.example.org",
                     [answered = answer_.get_future().share(), lookups = lookups_](const std::string&) {
                       ++*lookups;
                       return answered.get();
                     }};
};

TEST_F(WebhookLookup, ThatHangsHoldsNobodyBeyondItsDeadline) {
  EXPECT_THROW(resolver_.addresses(watchdog_, in(100ms)), Expired);
}

TEST_F(WebhookLookup, ThatHangsHoldsNobodyWhenTheNodeStops) {
  auto waiting = std::async(std::launch::async, [&] { return resolver_.addresses(watchdog_, in(60s)); });
  ASSERT_TRUE(test::eventually([&] { return *lookups_ == 1; }));
  watchdog_.stop();
  ASSERT_EQ(waiting.wait_for(5s), std::future_status::ready);
  EXPECT_THROW(waiting.get(), Stopped);
}

TEST_F(WebhookLookup, IsAskedOnceForAllWhoWait) {
  EXPECT_THROW(resolver_.addresses(watchdog_, in(50ms)), Expired);
  auto waiting = std::async(std::launch::async, [&] { return resolver_.addresses(watchdog_, in(60s)); });
  EXPECT_THROW(resolver_.addresses(watchdog_, in(50ms)), Expired);
  release();
  EXPECT_EQ(waiting.get().front().toString(), "192.0.2.1");
  EXPECT_EQ(*lookups_, 1);
  EXPECT_EQ(resolver_.addresses(watchdog_, in(10s)).size(), 1u);
}

}  // namespace
}  // namespace clusterkit::webhook
