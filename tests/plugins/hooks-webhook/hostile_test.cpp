// Receivers that are slow, silent, or talk nonsense: the delivery ends in time and is tried again.
#include "receiver.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

// Sends `first`, then `drop` again and again until nobody listens.
Receiver::Script drip(const std::string& first, const std::string& drop) {
  return [first, drop](Visitor& visitor) {
    visitor.read();
    for (bool heard = visitor.send(first); heard; heard = visitor.send(drop))
      std::this_thread::sleep_for(10ms);
  };
}

Delivered deliveredWithin(const Receiver& receiver, std::chrono::milliseconds limit) {
  Webhook webhook(receiver.url());
  Delivered delivered;
  const auto took = timeOf([&] { delivered = webhook.deliver(limit); });
  EXPECT_LT(took, limit + 4s);
  return delivered;
}

void expectTimeout(const Receiver& receiver) {
  const Delivered delivered = deliveredWithin(receiver, 300ms);
  EXPECT_EQ(delivered.status, CK_TIMEOUT);
  EXPECT_THAT(delivered.text, HasSubstr("no complete answer in time"));
}

void expectBadAnswer(const std::string& bytes, const std::string& text) {
  Receiver receiver([bytes](Visitor& visitor) {
    visitor.read();
    visitor.send(bytes);
  });
  const Delivered delivered = deliveredWithin(receiver, 5s);
  EXPECT_EQ(delivered.status, CK_RETRY) << bytes.substr(0, 40);
  EXPECT_THAT(delivered.text, HasSubstr(text));
}

TEST(WebhookHostile, AReceiverThatNeverAnswersIsCutAtTheDeadline) {
  expectTimeout(Receiver([](Visitor& visitor) { visitor.waitForEnd(); }));
}

TEST(WebhookHostile, AHeadThatDripsForEverIsCutAtTheDeadline) {
  expectTimeout(Receiver(drip("HTTP/1.1 200 OK\r\n", "X")));
  expectTimeout(Receiver(drip("HTTP/1.1 200 OK\r\n", "X: y\r\n")));
  expectTimeout(Receiver(drip("", "HTTP/1.1 100 Continue\r\n\r\n")));
}

TEST(WebhookHostile, AReceiverThatDoesNotReadIsCutAtTheDeadline) {
  std::atomic<bool> over{false};
  Receiver receiver([&](Visitor& visitor) {
    visitor.read();  // the small one, then nothing any more
    visitor.send(answer(200));
    test::eventually([&] { return over.load(); });
  });
  Webhook webhook(receiver.url());
  ASSERT_EQ(webhook.deliver().status, CK_OK);
  Delivered delivered;
  // More than the buffers of both ends hold.
  EXPECT_LT(timeOf([&] { delivered = webhook.deliver(300ms, std::string(16 * 1024 * 1024, 'x')); }), 5s);
  EXPECT_EQ(delivered.status, CK_TIMEOUT);
  over = true;
}

TEST(WebhookHostile, ABodyThatDripsDoesNotTakeBackTheAnswer) {
  Receiver receiver(drip("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "x"));
  Delivered delivered;
  Webhook webhook(receiver.url());
  EXPECT_LT(timeOf([&] { delivered = webhook.deliver(30s); }), 10s);
  EXPECT_EQ(delivered.status, CK_OK);
}

TEST(WebhookHostile, AnEndlessBodyIsNotReadToItsEnd) {
  Receiver receiver([](Visitor& visitor) {
    visitor.read();
    visitor.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (visitor.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) {
    }
  });
  EXPECT_EQ(deliveredWithin(receiver, 30s).status, CK_OK);
}

TEST(WebhookHostile, NonsenseIsNoAnswer) {
  expectBadAnswer("SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP/1");
  expectBadAnswer("HTTP/2 200\r\n\r\n", "not HTTP/1");
  expectBadAnswer("HTTP/1.1 abc X\r\n\r\n", "not HTTP/1");
  expectBadAnswer("HTTP/1.1\r\n\r\n", "not HTTP/1");
  expectBadAnswer(std::string("\0\0\0\n\n", 5), "not HTTP/1");
  expectBadAnswer("HTTP/1.1 2000 OK\r\n\r\n", "not HTTP/1");
  expectBadAnswer("HTTP/1.1 200 OK\r\n" + std::string(300, 'n') + ": x\r\n\r\n", "malformed headers");
  expectBadAnswer("HTTP/1.1 777 X\r\n\r\n", "777, which is no answer");
}

TEST(WebhookHostile, AnAnswerCutShortIsNoAnswer) {
  expectBadAnswer("", "closed the connection without an answer");
  expectBadAnswer("HTTP/1.1 200 OK\r\nContent-", "within the head");
  expectBadAnswer("HTTP/1.1 200 OK\r\n", "within the head");
  expectBadAnswer("HTTP/1.1 200", "within the head");
  expectBadAnswer("HTTP/1.1 100 Continue\r\n\r\n", "without an answer but an interim one");
}

TEST(WebhookHostile, AHugeHeadIsNotReadToItsEnd) {
  expectBadAnswer("HTTP/1.1 200 OK\r\nX: " + std::string(1024 * 1024, 'x') + "\r\n\r\n", "32 KiB");
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10'000; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  expectBadAnswer(many + "\r\n", "32 KiB");
}

TEST(WebhookHostile, StrangeLengthsCostTheConnectionOnly) {
  for (const char* length : {"-1", "abc", "99999999999999999999", "1000000000"})
    EXPECT_EQ(deliveredWithin(Receiver([length](Visitor& visitor) {
                                while (visitor.read() && visitor.send("HTTP/1.1 200 OK\r\nContent-Length: " +
                                                                      std::string(length) + "\r\n\r\nx")) {
                                }
                              }),
                              5s)
                  .status,
              CK_OK)
        << length;
}

}  // namespace
}  // namespace clusterkit::webhook
