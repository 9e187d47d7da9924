#include "host/units.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

TEST(Units, DurationsNeedAUnitAndKeepTheirValue) {
  EXPECT_EQ(parseDuration("500ms"), 500ms);
  EXPECT_EQ(parseDuration("2s"), 2s);
  EXPECT_EQ(parseDuration("5m"), 5min);
  EXPECT_EQ(parseDuration("1h"), 1h);
  EXPECT_EQ(parseDuration("7us"), 7us);
  EXPECT_EQ(parseDuration("9ns"), 9ns);
  EXPECT_EQ(parseDuration("0"), 0ns);
  EXPECT_EQ(parseDuration("1.5s"), 1500ms);
  EXPECT_EQ(parseDuration("0.25h"), 15min);
  EXPECT_EQ(parseDuration("1.000s"), 1s);
}

TEST(Units, TextThatIsNoDurationIsRefused) {
  for (const char* bad : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5S", "5sec", "1m30s", "0x5s",
                          ".5s", "5.s", "1.5ns", "1e3s", "99999999999999999999s", "2562048h"})
    EXPECT_FALSE(parseDuration(bad)) << bad;
  EXPECT_TRUE(parseDuration("2562047h"));
}

TEST(Units, SizesKnowBinaryAndDecimalUnits) {
  EXPECT_EQ(parseSize("0"), 0);
  EXPECT_EQ(parseSize("12B"), 12);
  EXPECT_EQ(parseSize("64KiB"), 65536);
  EXPECT_EQ(parseSize("1MiB"), 1 << 20);
  EXPECT_EQ(parseSize("1.5GiB"), std::int64_t{3} << 29);
  EXPECT_EQ(parseSize("10MB"), 10'000'000);
  for (const char* bad : {"", "1", "1k", "1KB", "1mib", "-1B", "1.5B", "9000000TiB", "1 MiB"})
    EXPECT_FALSE(parseSize(bad)) << bad;
}

TEST(Units, IntegersAndBooleansAreExact) {
  EXPECT_EQ(parseInteger("-7"), -7);
  EXPECT_EQ(parseInteger("+7"), 7);
  EXPECT_EQ(parseInteger("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", "+", "+-1", "1.0", "1x", " 1", "9223372036854775808", "0x10"})
    EXPECT_FALSE(parseInteger(bad)) << bad;
  EXPECT_EQ(parseBoolean("on"), true);
  EXPECT_EQ(parseBoolean("no"), false);
  for (const char* bad : {"", "True", "2", "y"}) EXPECT_FALSE(parseBoolean(bad)) << bad;
}

TEST(Units, FormattedTextIsShortAndParsesBack) {
  EXPECT_EQ(formatDuration(500ms), "500ms");
  EXPECT_EQ(formatDuration(90s), "90s");
  EXPECT_EQ(formatDuration(5min), "5m");
  EXPECT_EQ(formatDuration(0ns), "0s");
  EXPECT_EQ(formatSize(1 << 20), "1MiB");
  EXPECT_EQ(formatSize(10'000'000), "10MB");
  EXPECT_EQ(formatSize(0), "0B");
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{999}, std::int64_t{1500}, INT64_MAX}) {
    EXPECT_EQ(parseSize(formatSize(n)), n);
    EXPECT_EQ(parseDuration(formatDuration(Duration(n))), Duration(n));
  }
}

}  // namespace
}  // namespace clusterkit
