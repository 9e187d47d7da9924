#include "endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clusterkit/plugin.hpp>

namespace clusterkit::zmq {
namespace {

TEST(Endpoint, ReadsHostAndPort) {
  EXPECT_EQ(parseEndpoint("10.0.0.7:7000", ""), (Endpoint{"10.0.0.7", 7000}));
  EXPECT_EQ(parseEndpoint("node-1.example:65535", ""), (Endpoint{"node-1.example", 65535}));
  EXPECT_EQ(parseEndpoint("[::1]:80", ""), (Endpoint{"::1", 80}));
}

TEST(Endpoint, FillsInWhatIsMissing) {
  EXPECT_EQ(parseEndpoint(":7000", "127.0.0.1"), (Endpoint{"127.0.0.1", 7000}));
  EXPECT_EQ(parseEndpoint("node-1", "", 9), (Endpoint{"node-1", 9}));
  EXPECT_EQ(parseEndpoint("[fe80::1]", "", 9), (Endpoint{"fe80::1", 9}));
}

TEST(Endpoint, RefusesWhatIsNoAddressAndQuotesIt) {
  for (const char* bad :
       {"", "host", ":", "host:", "host:x", "host:-1", "host:65536", "host:1 ", "a b:1", "::1:80", "[::1",
        "[host]:1", "[::1]x:1", "tcp://host:1", "*:1", "eth0;host:1", "host:1:2"}) {
    try {
      parseEndpoint(bad, "");
      ADD_FAILURE() << "accepted '" << bad << "'";
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), CK_INVALID);
      EXPECT_THAT(e.what(), testing::HasSubstr("'" + std::string(bad) + "'"));
    }
  }
}

TEST(Endpoint, KnowsNumbersAndWildcards) {
  EXPECT_TRUE(isNumeric("127.0.0.1"));
  EXPECT_TRUE(isNumeric("::1"));
  EXPECT_FALSE(isNumeric("localhost"));
  EXPECT_TRUE(isWildcard("0.0.0.0"));
  EXPECT_TRUE(isWildcard("::"));
  EXPECT_FALSE(isWildcard("127.0.0.1"));
}

TEST(Endpoint, WritesBracketsAroundIpv6) {
  EXPECT_EQ(toText({"::1", 80}), "[::1]:80");
  EXPECT_EQ(toTcpAddress({"10.0.0.7", 7000}), "tcp://10.0.0.7:7000");
}

}  // namespace
}  // namespace clusterkit::zmq
