#include "host/text.hpp"

#include <clusterkit/plugin.hpp>

#include "host/call_outcome.hpp"
#include "host/utf8.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clusterkit {
namespace {

using testing::ElementsAre;

TEST(Text, QuotedTextIsOneShortReadableLine) {
  EXPECT_EQ(inQuotes("a b"), "'a b'");
  EXPECT_EQ(inQuotes("a\nb\x01\x7f"), "'a\\x0ab\\x01\\x7f'");
  EXPECT_EQ(inQuotes("caf\xC3\xA9 \xFF"), "'caf\xC3\xA9 \\xff'");
  EXPECT_EQ(inQuotes(std::string(100, 'x')), "'" + std::string(80, 'x') + "...'");
  EXPECT_EQ(inQuotes(std::string(79, 'x') + "\xC3\xA9"), "'" + std::string(79, 'x') + "...'")
      << "cut between characters";
}

TEST(Text, WhatAPluginSaysIsOneLine) {
  EXPECT_EQ(textOf(makeError(CK_INVALID, "env = 'A\nB': is wrong")), "env = 'A\\x0aB': is wrong");
}

TEST(Text, NearestNameForgivesTypingErrorsOnly) {
  const std::vector<std::string> names{"listen", "advertise", "seeds"};
  EXPECT_EQ(nearestName("lisen", names), "listen");
  EXPECT_EQ(nearestName("listne", names), "listen");
  EXPECT_EQ(nearestName("Listen", names), "listen");
  EXPECT_EQ(nearestName("advertised", names), "advertise");
  EXPECT_EQ(nearestName("listen_address", names), "listen");
  EXPECT_EQ(nearestName("banana", names), "");
  EXPECT_EQ(nearestName("x", {}), "");
  EXPECT_EQ(nearestName(std::string(100'000, 'a'), names), "");
}

TEST(Text, IdsAreShownWith16DigitsAndReadWithUpTo16) {
  EXPECT_EQ(hex64(0), "0000000000000000");
  EXPECT_EQ(hex64(0x1122334400ABCDEF), "1122334400abcdef");
  EXPECT_EQ(parseHex64("1122334400abcdef"), 0x1122334400ABCDEFU);
  EXPECT_EQ(parseHex64("Ff"), 255U);
  for (const char* bad : {"", " 1", "1 ", "0x1", "-1", "+1", "g", "00000000000000001"})
    EXPECT_FALSE(parseHex64(bad)) << bad;
}

TEST(Text, EditDistanceCountsASwapAsOne) {
  EXPECT_EQ(editDistance("", "abc"), 3u);
  EXPECT_EQ(editDistance("abc", ""), 3u);
  EXPECT_EQ(editDistance("abc", "abc"), 0u);
  EXPECT_EQ(editDistance("abcd", "abdc"), 1u);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3u);
}

TEST(Text, Utf8IsStrict) {
  for (const char* good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF"})
    EXPECT_TRUE(isUtf8(good)) << inQuotes(good);
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80", "\xE2\x82", "\xF0\x9F\x98"})
    EXPECT_FALSE(isUtf8(bad)) << inQuotes(bad);
}

TEST(Text, PartsAreSplitAndTrimmed) {
  EXPECT_THAT(splitTrimmed(" a , b,,c ", ','), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(splitTrimmed("", ','), ElementsAre(""));
  EXPECT_EQ(trimmed(" \t x y\r\n"), "x y");
  EXPECT_EQ(joined({"a", "b"}), "a, b");
  EXPECT_EQ(joined({}), "none");
}

}  // namespace
}  // namespace clusterkit
