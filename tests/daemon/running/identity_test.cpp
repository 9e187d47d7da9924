#include "daemon/identity.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

TEST(IdentityText, WhatIsWrittenIsReadBack) {
  const Identity identity{MemberId(0xab), ClusterId(0xc1), 7, "node one"};
  EXPECT_EQ(encodeIdentity(identity),
            "3 00000000000000ab 00000000000000c1 0000000000000007 0000000000000000 node one");
  EXPECT_EQ(decodeIdentity(encodeIdentity(identity)), identity);
}

TEST(IdentityText, AFolderFromBeforeBootsWereCountedBeginsAtZero) {
  const auto old = decodeIdentity("1 00000000000000ab 00000000000000c1 node-1");
  ASSERT_TRUE(old);
  EXPECT_EQ(*old, (Identity{MemberId(0xab), ClusterId(0xc1), 0, "node-1"}));
}

TEST(IdentityText, AFolderFromBeforeGenerationsWasLeftBehindByNone) {
  const auto old = decodeIdentity("2 00000000000000ab 00000000000000c1 0000000000000007 node-1");
  ASSERT_TRUE(old);
  EXPECT_EQ(*old, (Identity{MemberId(0xab), ClusterId(0xc1), 7, "node-1"}));
}

TEST(IdentityText, WhoLeftItBehindIsKept) {
  const Identity identity{MemberId(0xab), ClusterId(0xc1), 7, "node-1", ClusterId(0xd2)};
  EXPECT_EQ(decodeIdentity(encodeIdentity(identity)), identity);
}

TEST(IdentityText, AnythingElseIsRefused) {
  for (const char* text : {"", "3 ab c1 1 node-1", "2 ab c1 node-1", "2 0 c1 1 node-1", "2 ab c1 1 ",
                           "2 ab c1 x n", "1 ab", "x"})
    EXPECT_FALSE(decodeIdentity(text)) << text;
}

}  // namespace
}  // namespace clusterkit
