// What the host is told, by what the receiver says.
#include "receiver.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

Delivered deliveredTo(const std::string& bytes) {
  Receiver receiver(Receiver::always(bytes));
  return Webhook(receiver.url(), {{"secret", "s3cret"}}).deliver();
}

TEST(WebhookAnswers, SuccessIsDone) {
  for (const int status : {200, 201, 202, 204})
    EXPECT_EQ(deliveredTo(answer(status)).status, CK_OK) << status;
}

TEST(WebhookAnswers, TemporaryRefusalIsTriedAgain) {
  for (const int status : {408, 425, 429, 500, 502, 503, 504}) {
    const Delivered delivered = deliveredTo(answer(status));
    EXPECT_EQ(delivered.status, CK_RETRY) << status;
    EXPECT_THAT(delivered.text, HasSubstr("answered " + std::to_string(status)));
  }
}

TEST(WebhookAnswers, LastingRefusalGoesToTheDeadLetters) {
  for (const int status : {400, 401, 404, 410, 422}) {
    const Delivered delivered = deliveredTo(answer(status));
    EXPECT_EQ(delivered.status, CK_INVALID) << status;
    EXPECT_THAT(delivered.text, HasSubstr("answered " + std::to_string(status)));
  }
}

TEST(WebhookAnswers, RetryAfterIsHandedToTheHost) {
  EXPECT_EQ(deliveredTo(answer(503, "Retry-After: 12\r\n")).retryAfterMs, 12'000u);
  // The host of these tests lives at Tue, 14 Nov 2023 22:13:20 GMT.
  EXPECT_EQ(deliveredTo(answer(429, "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT\r\n")).retryAfterMs, 30'000u);
  EXPECT_EQ(deliveredTo(answer(503, "Retry-After: 99999999\r\n")).retryAfterMs, 3'600'000u);
  EXPECT_EQ(deliveredTo(answer(503)).retryAfterMs, 0u);
}

TEST(WebhookAnswers, ARedirectIsNotFollowed) {
  Receiver elsewhere(Receiver::always(answer(200)));
  Receiver receiver(Receiver::always(answer(307, "Location: " + elsewhere.url() + "\r\n")));
  const Delivered delivered = Webhook(receiver.url()).deliver();
  EXPECT_EQ(delivered.status, CK_INVALID);
  EXPECT_THAT(delivered.text, HasSubstr("redirects are not followed"));
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(WebhookAnswers, InterimAnswersAreWaitedThrough) {
  EXPECT_EQ(
      deliveredTo("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + answer(200))
          .status,
      CK_OK);
}

TEST(WebhookAnswers, ARefusalBeforeTheWholeRequestWasReadCounts) {
  const std::string refusal = answer(413, "Connection: close\r\n");
  Receiver patient([&](Visitor& visitor) {
    visitor.send(refusal);
    visitor.waitForEnd();
  });
  Receiver abrupt([&](Visitor& visitor) { visitor.send(refusal); });  // closes, and the request breaks off
  for (const Receiver* receiver : {&patient, &abrupt}) {
    const Delivered delivered = Webhook(receiver->url()).deliver(10s, std::string(8 * 1024 * 1024, 'x'));
    EXPECT_EQ(delivered.status, CK_INVALID) << delivered.text;
  }
}

TEST(WebhookAnswers, NobodyListeningIsTriedAgain) {
  const std::uint16_t port = [] {
    Receiver gone(Receiver::always(answer(200)));
    return gone.port();
  }();
  const Delivered delivered = Webhook("http://127.0.0.1:" + std::to_string(port)).deliver();
  EXPECT_EQ(delivered.status, CK_RETRY);
  EXPECT_THAT(delivered.text, HasSubstr("Connection refused"));
}

TEST(WebhookAnswers, ANameWithoutAddressIsTriedAgain) {
  const Delivered delivered = Webhook("http://no-such-host.invalid/").deliver(30s);
  EXPECT_EQ(delivered.status, CK_RETRY);
  EXPECT_THAT(delivered.text, HasSubstr("no-such-host.invalid"));
}

TEST(WebhookAnswers, ErrorsNameTheReceiverButNoSecretOfItsUrl) {
  Receiver receiver(Receiver::always(answer(503)));
  const Delivered delivered = Webhook(receiver.url("/hook/t0ken?key=t0ken"),
                                      {{"headers", "Authorization: t0ken"}, {"secret", "t0ken"}})
                                  .deliver();
  EXPECT_THAT(delivered.text, HasSubstr("127.0.0.1:"));
  EXPECT_THAT(delivered.text, testing::Not(HasSubstr("t0ken")));
}

}  // namespace
}  // namespace clusterkit::webhook
