#include "target.hpp"

#include <gmock/gmock.h>

namespace clusterkit::webhook {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(const std::string& url) {
  try {
    parseTarget(url);
    return "";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(WebhookTarget, IsTakenApart) {
  const Target target = parseTarget("https://hooks.example.org/a/b?x=1&y=2");
  EXPECT_EQ(target.scheme, Scheme::Https);
  EXPECT_EQ(target.host, "hooks.example.org");
  EXPECT_EQ(target.port, 443);
  EXPECT_EQ(target.authority, "hooks.example.org");
  EXPECT_EQ(target.path, "/a/b?x=1&y=2");
}

TEST(WebhookTarget, NamesThePortInTheAuthorityUnlessItIsTheSchemesOwn) {
  EXPECT_EQ(parseTarget("http://a:80/").authority, "a");
  EXPECT_EQ(parseTarget("http://a:443/").authority, "a:443");
  EXPECT_EQ(parseTarget("https://a:8443/").authority, "a:8443");
  EXPECT_EQ(parseTarget("http://[::1]:8080/x").authority, "[::1]:8080");
  EXPECT_EQ(parseTarget("http://[::1]:8080/x").host, "::1");
}

TEST(WebhookTarget, KeepsThePathAsItIsWritten) {
  EXPECT_EQ(parseTarget("http://a").path, "/");
  EXPECT_EQ(parseTarget("http://a?x").path, "/?x");
  EXPECT_EQ(parseTarget("http://a/b%2Fc/%20").path, "/b%2Fc/%20");
}

TEST(WebhookTarget, RefusesWhatCannotBeSentTo) {
  EXPECT_THAT(refusal("ftp://a/"), HasSubstr("scheme 'ftp'"));
  EXPECT_THAT(refusal("example.org/hook"), HasSubstr("no scheme"));
  EXPECT_THAT(refusal(""), HasSubstr("no scheme"));
  EXPECT_THAT(refusal("http:///hook"), HasSubstr("no host"));
  EXPECT_THAT(refusal("http://a:99999/"), HasSubstr("no URL"));
  EXPECT_THAT(refusal("http://a:0/"), HasSubstr("no URL"));
  EXPECT_THAT(refusal("http://a/#top"), HasSubstr("fragment"));
  EXPECT_THAT(refusal("http://a/b c"), HasSubstr("percent-encode"));
  EXPECT_THAT(refusal("http://a/\r\nX: y"), HasSubstr("percent-encode"));
  EXPECT_THAT(refusal("ftp://a/"), HasSubstr("allowed: http:// or https://"));
}

TEST(WebhookTarget, RepeatsNoCredentialsInItsRefusal) {
  EXPECT_THAT(refusal("https://ann:hunter2@a/"), HasSubstr("user or password"));
  EXPECT_THAT(refusal("https://ann:hunter2@a/"), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace clusterkit::webhook
