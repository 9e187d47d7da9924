// https: who is believed, and who is not.
#include "credentials.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

class WebhookTls : public testing::Test {
 protected:
  static constexpr const char* kNames = "IP:127.0.0.1,DNS:localhost";

  Delivered deliver(const Receiver& receiver, std::map<std::string, std::string> options) {
    return Webhook(receiver.url(), std::move(options)).deliver();
  }
  void expectRefused(const Receiver& receiver, std::map<std::string, std::string> options) {
    const Delivered delivered = deliver(receiver, std::move(options));
    EXPECT_EQ(delivered.status, CK_RETRY) << delivered.text;
    EXPECT_THAT(delivered.text, HasSubstr("ertificate"));
    EXPECT_EQ(requests_, 0) << "the event was sent to a stranger";
  }
  Receiver::Script counting() {
    return [this](Visitor& visitor) {
      while (visitor.read()) {
        ++requests_;
        visitor.send(answer(200));
      }
    };
  }

  test::TempDir folder_;
  ReceiverTls known_ = makeCredentials(folder_.path(), "known", kNames);
  std::atomic<int> requests_{0};
};

TEST_F(WebhookTls, AReceiverOfATrustedAuthorityIsBelieved) {
  Receiver receiver(counting(), known_);
  Webhook webhook(receiver.url(), {{"ca_file", known_.certFile}});
  for (int i = 0; i < 5; ++i) {
    const Delivered delivered = webhook.deliver();
    ASSERT_EQ(delivered.status, CK_OK) << delivered.text;
  }
  EXPECT_EQ(receiver.connections(), 1);
  EXPECT_EQ(requests_, 5);
}

TEST_F(WebhookTls, ANameIsComparedToo) {
  Receiver receiver(counting(), known_);
  Webhook webhook("https://localhost:" + std::to_string(receiver.port()), {{"ca_file", known_.certFile}});
  EXPECT_EQ(webhook.deliver().status, CK_OK);
}

TEST_F(WebhookTls, TheSystemsAuthoritiesDoNotKnowAStranger) {
  expectRefused(Receiver(counting(), known_), {});
}

TEST_F(WebhookTls, AnotherAuthoritysReceiverIsRefused) {
  const ReceiverTls other = makeCredentials(folder_.path(), "other", kNames);
  expectRefused(Receiver(counting(), other), {{"ca_file", known_.certFile}});
}

TEST_F(WebhookTls, ACertificateForAnotherNameIsRefusedAlsoOnTheLoopback) {
  const ReceiverTls elsewhere = makeCredentials(folder_.path(), "elsewhere", "DNS:elsewhere.example.org");
  expectRefused(Receiver(counting(), elsewhere), {{"ca_file", elsewhere.certFile}});
}

TEST_F(WebhookTls, VerifyNoneTakesAnybody) {
  Receiver receiver(counting(), known_);
  EXPECT_EQ(deliver(receiver, {{"verify", "none"}}).status, CK_OK);
}

TEST_F(WebhookTls, AReceiverCanAskForOurCertificate) {
  const ReceiverTls client = makeCredentials(folder_.path(), "client", "DNS:node-1");
  known_.clientCaFile = client.certFile;
  Receiver receiver(counting(), known_);
  EXPECT_EQ(
      deliver(receiver,
              {{"ca_file", known_.certFile}, {"cert_file", client.certFile}, {"key_file", client.keyFile}})
          .status,
      CK_OK);
  EXPECT_EQ(deliver(receiver, {{"ca_file", known_.certFile}}).status, CK_RETRY);
  EXPECT_EQ(requests_, 1);
}

TEST_F(WebhookTls, AKeyThatDoesNotFitOrIsLockedIsRefusedAtTheStart) {
  const auto locked = folder_.write(
      "locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n");
  EXPECT_THAT(refusalOf("https://a/", {{"cert_file", known_.certFile}, {"key_file", locked.string()}}),
              HasSubstr("key_file"));
  const ReceiverTls other = makeCredentials(folder_.path(), "other", kNames);
  EXPECT_THAT(refusalOf("https://a/", {{"cert_file", known_.certFile}, {"key_file", other.keyFile}}),
              HasSubstr("key_file"));
}

TEST_F(WebhookTls, AReceiverWithoutTlsIsTriedAgain) {
  Receiver plain([](Visitor& visitor) { visitor.send("HTTP/1.1 400 X\r\n\r\n"); });
  const Delivered delivered = Webhook("https://127.0.0.1:" + std::to_string(plain.port())).deliver();
  EXPECT_EQ(delivered.status, CK_RETRY);
}

TEST_F(WebhookTls, AnAnswerThatDripsIsCutAtTheDeadlineHereToo) {
  Receiver receiver(
      [](Visitor& visitor) {
        visitor.read();
        for (bool heard = visitor.send("HTTP/1.1 200 OK\r\n"); heard; heard = visitor.send("x"))
          std::this_thread::sleep_for(10ms);
      },
      known_);
  Webhook webhook(receiver.url(), {{"ca_file", known_.certFile}});
  Delivered delivered;
  EXPECT_LT(timeOf([&] { delivered = webhook.deliver(500ms); }), 5s);
  EXPECT_EQ(delivered.status, CK_TIMEOUT) << delivered.text;
}

}  // namespace
}  // namespace clusterkit::webhook
