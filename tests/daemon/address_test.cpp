#include "daemon/address.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

TEST(Addresses, AreReadAndWrittenBack) {
  for (const char* good : {"127.0.0.1:8080", "node-1.example:1", "[::1]:65535", "a_b:0"}) {
    const auto address = parseAddress(good);
    ASSERT_TRUE(address) << good;
    EXPECT_EQ(toString(*address), good);
  }
  EXPECT_EQ(toString(*parseAddress(":8080")), "127.0.0.1:8080");
  EXPECT_TRUE(parseAddress("0.0.0.0:1")->isWildcard());
  EXPECT_TRUE(parseAddress("[::]:1")->isWildcard());
  EXPECT_FALSE(parseAddress("127.0.0.1:1")->isWildcard());
}

TEST(Addresses, AnythingElseIsNone) {
  for (const char* bad : {"",      ":",       "8080",        "a",       "a:",         "a:x",   "a:-1",
                          "a:+1",  "a:65536", "a:123456",    "a b:1",   "::1:1",      "[::1]", "[::1:1",
                          "[x]:1", "[:1",     "256.0.0.1:1", "1.2.3:1", "http://a:1", "a:1 ",  "a/b:1"})
    EXPECT_FALSE(parseAddress(bad)) << bad;
}

}  // namespace
}  // namespace clusterkit
