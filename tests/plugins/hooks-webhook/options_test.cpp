// A wrong section is refused at the start, by one line that names the key and repeats no secret.
#include "webhook_fixture.hpp"

namespace clusterkit::webhook {
namespace {

using testing::AllOf;
using testing::Not;
using testing::StartsWith;

std::string refusalOfHeaders(const std::string& headers) {
  return refusalOf("http://a/", {{"headers", headers}});
}

TEST(WebhookOptions, AGoodSectionIsTaken) {
  EXPECT_EQ(refusalOf("http://127.0.0.1:1/hook"), "");
  EXPECT_EQ(refusalOf("https://example.org", {{"secret", "s"}, {"headers", "A: b"}}), "");
}

TEST(WebhookOptions, TheUrlIsChecked) {
  EXPECT_THAT(refusalOf("gopher://a"), AllOf(StartsWith("url: "), HasSubstr("allowed: http://")));
}

TEST(WebhookOptions, AHeaderCannotSmuggleAnotherOne) {
  EXPECT_THAT(refusalOfHeaders("X-A: b\r\nX-Evil: c"),
              AllOf(StartsWith("headers: item 1"), HasSubstr("control")));
  EXPECT_THAT(refusalOfHeaders("X-A: b\nX-Evil: c"), HasSubstr("control"));
  EXPECT_THAT(refusalOfHeaders("X-A\r\nX-Evil: c"), HasSubstr("not allowed in one"));
  EXPECT_THAT(refusalOfHeaders("X A: b"), HasSubstr("not allowed in one"));
  EXPECT_THAT(refusalOfHeaders(": b"), HasSubstr("not allowed in one"));
  EXPECT_THAT(refusalOfHeaders("X-A: ok,no-colon"), HasSubstr("item 2 has no colon"));
}

TEST(WebhookOptions, AHeaderCannotReplaceTheWebhooksOwn) {
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "User-Agent", "Content-Type",
        "Idempotency-Key", "X-ClusterKit-Signature", "x-clusterkit-anything", "Expect"})
    EXPECT_THAT(refusalOfHeaders(std::string(name) + ": x"), HasSubstr("sets itself")) << name;
}

TEST(WebhookOptions, RefusalsOfHeadersDoNotRepeatTheirValues) {
  for (const char* header : {"Authorization: s3cret\a", "Host: s3cret", "s3cret"})
    EXPECT_THAT(refusalOfHeaders(header), AllOf(Not(HasSubstr("s3cret")), Not(""))) << header;
}

TEST(WebhookOptions, TlsOptionsMustFitTheUrlAndEachOther) {
  EXPECT_THAT(refusalOf("http://a/", {{"ca_file", "/x"}}), StartsWith("ca_file: the url is http"));
  EXPECT_THAT(refusalOf("https://a/", {{"cert_file", "/x"}}), StartsWith("key_file: is missing"));
  EXPECT_THAT(refusalOf("https://a/", {{"key_file", "/x"}}), StartsWith("cert_file: is missing"));
  EXPECT_THAT(refusalOf("https://a/", {{"ca_file", "/x"}, {"verify", "none"}}), StartsWith("ca_file: "));
  EXPECT_THAT(refusalOf("https://a/", {{"ca_file", "/no/such.pem"}}), HasSubstr("/no/such.pem"));
}

TEST(WebhookOptions, VerifyNoneIsSaidInTheLog) {
  Webhook careless("https://127.0.0.1:1/", {{"verify", "none"}});
  EXPECT_THAT(careless.host().logged(), testing::Contains("webhook_unverified"));
  Webhook careful("https://127.0.0.1:1/");
  EXPECT_THAT(careful.host().logged(), testing::IsEmpty());
}

}  // namespace
}  // namespace clusterkit::webhook
