#include "http/query.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/errors.hpp"
#include "http/origin_check.hpp"

namespace clusterkit::http {
namespace {

using testing::ElementsAre;

TEST(Query, ReadsTextNumbersFlagsAndLists) {
  const Query query("prefix=a%2Fb+c&limit=50&dry_run=true&key=x&key=&mode=slow",
                    {"prefix", "limit", "dry_run", "mode"}, {"key"});
  EXPECT_EQ(query.text("prefix"), "a/b c");
  EXPECT_EQ(query.number("limit", 10, 1, 1000), 50U);
  EXPECT_EQ(query.number("offset", 10, 1, 1000), 10U);
  EXPECT_TRUE(query.flag("dry_run"));
  EXPECT_THAT(query.all("key"), ElementsAre("x", ""));
  EXPECT_EQ(query.choice("mode", {"fast", "slow"}), 1U);
  EXPECT_EQ(query.text("absent"), std::nullopt);
}

TEST(Query, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"other=1", "a=1&a=2", "a", "a=1&&b=2", "=1", "a=%", "a=%4", "a=%gg", "a=%ff", "%ff=1"}) {
    EXPECT_THROW(Query(text, {"a", "b"}), RequestError) << text;
  }
}

TEST(Query, RefusesNumbersThatAreNoneOrOutOfRange) {
  for (const char* text : {"n=", "n=-1", "n=+1", "n=1e3", "n=0x1", "n=%201", "n=1.0", "n=0", "n=1001",
                           "n=18446744073709551616"}) {
    const Query query(text, {"n"});
    EXPECT_THROW(query.number("n", 1, 1, 1000), RequestError) << text;
  }
  const Query flag("f=yes", {"f"});
  EXPECT_THROW(flag.flag("f"), RequestError);
}

TEST(PercentEncoding, RoundTripsEveryByteThatIsText) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  all += "\xc3\xa9\xf0\x9f\x8c\x8d";
  EXPECT_EQ(percentDecode(percentEncode(all), PlusSign::Space, "it"), all);
  EXPECT_EQ(percentDecode("a+b%2b", PlusSign::Literal, "it"), "a+b+");
}

Request from(Method method, const std::string& host, const std::string& origin) {
  Request request;
  request.method = method;
  request.headers.add("Host", host);
  if (!origin.empty()) request.headers.add("Origin", origin);
  return request;
}

TEST(OriginCheck, ListedHostsAddressesAndLocalhostPass) {
  const std::vector<std::string> allowed{"db.example.com"};
  for (const char* host : {"db.example.com:8080", "DB.example.com", "127.0.0.1:8080", "[::1]:8080",
                           "localhost:1", "a.localhost"}) {
    EXPECT_FALSE(checkOrigin(from(Method::get, host, ""), allowed)) << host;
  }
  for (const char* host :
       {"evil.example.com", "db.example.com.evil.org:8080", "notlocalhost", "127.0.0.1.evil.org"}) {
    EXPECT_TRUE(checkOrigin(from(Method::get, host, ""), allowed)) << host;
    EXPECT_FALSE(checkOrigin(from(Method::get, host, ""), {})) << "without a list every name passes";
  }
}

TEST(OriginCheck, ChangesFromOtherSitesAreRefused) {
  EXPECT_FALSE(checkOrigin(from(Method::post, "127.0.0.1:8080", "http://127.0.0.1:8080"), {}));
  EXPECT_FALSE(checkOrigin(from(Method::get, "127.0.0.1:8080", "http://evil.org"), {}));
  for (const char* origin : {"http://evil.org", "null", "http://127.0.0.1:8081"}) {
    EXPECT_TRUE(checkOrigin(from(Method::del, "127.0.0.1:8080", origin), {})) << origin;
  }
}

}  // namespace
}  // namespace clusterkit::http
