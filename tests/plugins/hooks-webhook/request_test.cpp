// What a receiver gets, byte by byte where it matters.
#include "request.hpp"
#include "receiver.hpp"
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

// Computed with another library: Python's hmac.new(secret, b"1700000000." + body, "sha256").hexdigest().
constexpr const char* kSignature = "sha256=d25ac0bb2b5623c7cdd4d96b2732d3cbaa0ae4b374f8425e5e4c20d838e7b546";
constexpr const char* kLongKeySignature =
    "sha256=fde02a4a0acb3e3627490f24c72ea1f4504868ab3b0c0c0fb8f302c2b86977b6";

// Takes one request, says 200 and keeps what came.
struct OneRequest {
  Received received;
  Receiver receiver{[this](Visitor& visitor) {
    if (auto request = visitor.read()) received = *request;
    visitor.send(answer(200));
  }};
};

TEST(WebhookRequest, SignatureIsThatOfAnIndependentImplementation) {
  EXPECT_EQ(signatureOf("whsec-test", "1700000000", kBody), kSignature);
  EXPECT_EQ(signatureOf(std::string(100, 'k'), "1700000000", ""), kLongKeySignature);  // longer than a block
}

TEST(WebhookRequest, CarriesTheEventAndItsMainFields) {
  OneRequest one;
  Webhook webhook(one.receiver.url("/hook?tenant=a%2Fb"));
  ASSERT_EQ(webhook.deliver().status, CK_OK);
  EXPECT_EQ(one.received.line, "POST /hook?tenant=a%2Fb HTTP/1.1");
  EXPECT_EQ(one.received.body, kBody);
  auto& headers = one.received.headers;
  EXPECT_EQ(headers["host"], "127.0.0.1:" + std::to_string(one.receiver.port()));
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_THAT(headers["user-agent"], testing::MatchesRegex("clusterkit/[0-9.]+"));
  EXPECT_EQ(headers["idempotency-key"], "00112233445566778899aabbccddeeff");
  EXPECT_EQ(headers["x-clusterkit-event"], "node_join");
  EXPECT_EQ(headers["x-clusterkit-seq"], "7");
  EXPECT_EQ(headers["x-clusterkit-attempt"], "2");
  EXPECT_EQ(headers.count("x-clusterkit-signature"), 0u);
}

TEST(WebhookRequest, IsSignedWhenThereIsASecret) {
  OneRequest one;
  Webhook webhook(one.receiver.url(), {{"secret", "whsec-test"}});
  ASSERT_EQ(webhook.deliver().status, CK_OK);
  EXPECT_EQ(one.received.headers["x-clusterkit-timestamp"], "1700000000");
  EXPECT_EQ(one.received.headers["x-clusterkit-signature"], kSignature);
}

TEST(WebhookRequest, CarriesTheConfiguredHeaders) {
  OneRequest one;
  Webhook webhook(one.receiver.url(), {{"headers", "Authorization: Bearer t0ken,X-Team:  blue "}});
  ASSERT_EQ(webhook.deliver().status, CK_OK);
  EXPECT_EQ(one.received.headers["authorization"], "Bearer t0ken");
  EXPECT_EQ(one.received.headers["x-team"], "blue");
}

TEST(WebhookRequest, AMegabyteOfEventArrivesWhole) {
  OneRequest one;
  Webhook webhook(one.receiver.url());
  const std::string big = "{\"text\":\"" + std::string(1024 * 1024, 'x') + "\"}";
  ASSERT_EQ(webhook.deliver(10s, big).status, CK_OK);
  EXPECT_EQ(one.received.body, big);
}

}  // namespace
}  // namespace clusterkit::webhook
