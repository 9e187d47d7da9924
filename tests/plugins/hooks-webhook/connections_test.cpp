// Which connection a delivery takes, and that none is left behind.
#include <fcntl.h>

#include <filesystem>

#include "receiver.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

std::size_t openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Answers `served` requests per connection and closes it then.
Receiver::Script closingAfter(int served) {
  return [served](Visitor& visitor) {
    for (int i = 0; i < served && visitor.read(); ++i) visitor.send(answer(200));
  };
}

void expectDelivered(Webhook& webhook, int times) {
  for (int i = 0; i < times; ++i) {
    const Delivered delivered = webhook.deliver();
    ASSERT_EQ(delivered.status, CK_OK) << delivered.text;
  }
}

TEST(WebhookConnections, OneConnectionServesOneDeliveryAfterAnother) {
  Receiver receiver(Receiver::always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  Webhook webhook(receiver.url());
  expectDelivered(webhook, 20);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(WebhookConnections, ChunkedAndEmptyAnswersKeepTheConnection) {
  for (const char* body :
       {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Content-Length: 0\r\n\r\n"}) {
    Receiver receiver(Receiver::always(std::string("HTTP/1.1 200 OK\r\n") + body));
    Webhook webhook(receiver.url());
    expectDelivered(webhook, 5);
    EXPECT_EQ(receiver.connections(), 1) << body;
  }
}

TEST(WebhookConnections, AReceiverThatSendsHeadAndBodyApartIsNotSlow) {
  Receiver receiver([](Visitor& visitor) {
    while (visitor.read()) {
      visitor.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
      visitor.send("ok");  // held back by its kernel until the head is acknowledged
    }
  });
  Webhook webhook(receiver.url());
  EXPECT_LT(timeOf([&] { expectDelivered(webhook, 100); }), 2500ms);  // 40 ms each otherwise
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(WebhookConnections, ARefusedEventKeepsTheConnection) {
  Receiver receiver(Receiver::always(answer(503)));
  Webhook webhook(receiver.url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(webhook.deliver().status, CK_RETRY);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(WebhookConnections, AConnectionThatCannotGoOnIsReplaced) {
  for (const char* answered :
       {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",   // says so
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",                        // says so by its version
        "HTTP/1.1 200 OK\r\n\r\n",                                             // a body without end
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 X\r\n\r\n",  // sends an answer nobody asked
                                                                               // for
        "HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n"}) {                 // more than is read away
    Receiver receiver(Receiver::always(answered));
    Webhook webhook(receiver.url());
    expectDelivered(webhook, 3);
    EXPECT_EQ(receiver.connections(), 3) << answered;
  }
}

TEST(WebhookConnections, AConnectionClosedMeanwhileIsNotTried) {
  Receiver receiver(closingAfter(1));
  Webhook webhook(receiver.url());
  expectDelivered(webhook, 10);
  EXPECT_EQ(receiver.connections(), 10);
}

TEST(WebhookConnections, AFarewellToAnIdleConnectionIsNotTakenForAnAnswer) {
  std::atomic<int> delivered{0}, farewells{0};
  Receiver receiver([&](Visitor& visitor) {
    visitor.read();
    visitor.send(answer(200));
    if (!test::eventually([&] { return delivered == visitor.number(); })) return;
    visitor.send(answer(400));  // as some servers do when a connection was idle for too long
    ++farewells;
  });
  Webhook webhook(receiver.url());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(webhook.deliver().status, CK_OK);
    ++delivered;
    ASSERT_TRUE(test::eventually([&] { return farewells == i; }));
  }
  EXPECT_EQ(receiver.connections(), 3);
}

TEST(WebhookConnections, AConnectionClosedUnderTheRequestIsReplacedByAFreshOneOnce) {
  // The first connection takes a second request and closes without a word.
  Receiver receiver([](Visitor& visitor) {
    visitor.read();
    visitor.send(answer(200));
    if (visitor.number() == 1) {
      visitor.read();
      return;
    }
    while (visitor.read()) visitor.send(answer(200));
  });
  Webhook webhook(receiver.url());
  expectDelivered(webhook, 5);
  EXPECT_EQ(receiver.connections(), 2);
}

TEST(WebhookConnections, AFreshConnectionThatSaysNothingIsNotReplaced) {
  Receiver receiver([](Visitor& visitor) { visitor.read(); });
  Webhook webhook(receiver.url());
  EXPECT_EQ(webhook.deliver().status, CK_RETRY);
  EXPECT_EQ(receiver.connections(), 1);
}

TEST(WebhookConnections, AnAnswerThatHasBegunIsNotAskedForAgain) {
  for (const char* begun : {"H", "HTTP/1.1 2", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    Receiver receiver([begun](Visitor& visitor) {
      visitor.read();
      visitor.send(answer(200));
      visitor.read();
      visitor.send(begun);
    });
    Webhook webhook(receiver.url());
    ASSERT_EQ(webhook.deliver().status, CK_OK);
    EXPECT_EQ(webhook.deliver().status, CK_RETRY);
    EXPECT_EQ(receiver.connections(), 1) << begun;
  }
}

TEST(WebhookConnections, EightThreadsDeliverAtOnceOverAtMostEightConnections) {
  std::atomic<int> requests{0};
  Receiver receiver([&](Visitor& visitor) {
    while (visitor.read()) {
      ++requests;
      visitor.send(answer(200));
    }
  });
  Webhook webhook(receiver.url());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) threads.emplace_back([&] { expectDelivered(webhook, 50); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(requests, 400);
  EXPECT_LE(receiver.connections(), 8);
}

TEST(WebhookConnections, EightSlowDeliveriesTakeTheTimeOfOne) {
  Receiver receiver([](Visitor& visitor) {
    visitor.read();
    std::this_thread::sleep_for(1s);
    visitor.send(answer(200));
  });
  Webhook webhook(receiver.url());
  const auto took = timeOf([&] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) threads.emplace_back([&] { expectDelivered(webhook, 1); });
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_LT(took, 5s);
}

TEST(WebhookConnections, AProgramThatTheNodeStartsInheritsNone) {
  Receiver receiver(Receiver::always(answer(200)));
  Webhook webhook(receiver.url());
  expectDelivered(webhook, 1);  // and one idle connection is left
  int sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own descriptor
    if (!std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) continue;
    const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
    ++sockets;
    EXPECT_NE(flags & FD_CLOEXEC, 0) << entry.path();
  }
  EXPECT_GE(sockets, 3);  // the listener and both ends
}

TEST(WebhookConnections, NoDescriptorIsLeftBehind) {
  { Webhook warmUp("http://127.0.0.1:1/"); }  // loads the library
  const std::size_t before = openDescriptors();
  {
    Receiver good(Receiver::always(answer(200)));
    Receiver closing(closingAfter(1));
    Receiver mute([](Visitor& visitor) { visitor.waitForEnd(); });
    for (const std::string& url :
         {good.url(), closing.url(), mute.url(), std::string("http://127.0.0.1:1/")}) {
      Webhook webhook(url);
      for (int i = 0; i < 5; ++i) webhook.deliver(100ms);
    }
  }
  EXPECT_EQ(openDescriptors(), before);
}

}  // namespace
}  // namespace clusterkit::webhook
