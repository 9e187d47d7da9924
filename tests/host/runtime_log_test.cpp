#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>
#include <vector>

#include "host/line_log.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const WallTime newYear{std::chrono::seconds(1'767'225'600) + 1234567ns};

std::string text(std::initializer_list<LogField> fields) {
  return formatLogLine(LogFormat::Text, newYear, LogLevel::Info, "thing_done",
                       Log::Fields(fields.begin(), fields.size()));
}
std::string json(std::initializer_list<LogField> fields) {
  return formatLogLine(LogFormat::Json, newYear, LogLevel::Warn, "thing_done",
                       Log::Fields(fields.begin(), fields.size()));
}

TEST(LogLine, TextIsKeyValueWithQuotesOnlyWhereNeeded) {
  EXPECT_EQ(
      text({{"member", MemberId(7)}, {"why", "no contact"}, {"id", "node-1"}, {"none", ""}, {"ok", true}}),
      "2026-01-01T00:00:00.001234Z info thing_done member=7 why=\"no contact\" id=node-1 none=\"\" ok=true");
}

TEST(LogLine, JsonKeepsNumbersAndFlagsAsSuch) {
  EXPECT_EQ(json({{"n", -3}, {"big", ~std::uint64_t{0}}, {"ratio", 0.5}, {"ok", false}, {"text", "a\"b\\c"}}),
            "{\"time\":\"2026-01-01T00:00:00.001234Z\",\"level\":\"warn\",\"event\":\"thing_done\",\"n\":-3,"
            "\"big\":18446744073709551615,\"ratio\":0.5,\"ok\":false,\"text\":\"a\\\"b\\\\c\"}");
}

TEST(LogLine, NoValueCanForgeALineOrDriveATerminal) {
  using namespace std::string_literals;
  const std::string evil = "x\n2026 info fake_event \x1b[2J\0\xff\xc0\xaf\xed\xa0\x80"s;
  for (const std::string& line : {text({{"v", evil}}), json({{"v", evil}})}) {
    EXPECT_EQ(
        std::count_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
        0);
    EXPECT_THAT(line, HasSubstr("x\\n2026"));
    EXPECT_THAT(line, HasSubstr("\\u001b[2J\\u0000\\ufffd"));
  }
}

TEST(LogLine, KeysAndEventsOfPluginsAreMadeHarmless) {
  EXPECT_THAT(text({{"a=b c", 1}}), HasSubstr(" a_b_c=1"));
  EXPECT_THAT(json({{"a\"b", 1}}), HasSubstr("\"a_b\":1"));
}

TEST(LogLine, ProperUtf8StaysAsItIs) { EXPECT_THAT(json({{"v", "Grüße €"}}), HasSubstr("Grüße €")); }

TEST(LogLine, JsonHasNoNotANumber) {
  EXPECT_THAT(json({{"v", std::numeric_limits<double>::quiet_NaN()}}), HasSubstr("\"v\":null"));
}

struct LogFile : ::testing::Test {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("ck-log-" + std::to_string(::getpid()) + ".log");
  ~LogFile() override {
    std::filesystem::remove(path);
    std::filesystem::remove(path.string() + ".1");
  }
  std::vector<std::string> lines(const std::string& file) const {
    std::vector<std::string> out;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
};

TEST_F(LogFile, LinesOfManyThreadsStayWhole) {
  LineLog log({.format = LogFormat::Json, .file = path.string(), .wall = [] { return newYear; }});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) log.info("line", {{"thread", t}, {"padding", std::string(300, 'x')}});
    });
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> all = lines(path.string());
  EXPECT_EQ(all.size(), 800U);
  for (const std::string& line : all) {
    EXPECT_EQ(line.front(), '{');
    EXPECT_EQ(line.back(), '}');
  }
  EXPECT_EQ(log.lost(), 0U);
}

TEST_F(LogFile, TheLevelFiltersAndCanBeChanged) {
  LineLog log({.level = LogLevel::Warn, .file = path.string()});
  log.info("unseen");
  log.warn("seen");
  log.setLevel(LogLevel::Debug);
  log.debug("seen_now");
  const std::vector<std::string> all = lines(path.string());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_THAT(all[0], HasSubstr("warn seen"));
  EXPECT_THAT(all[1], HasSubstr("debug seen_now"));
}

TEST_F(LogFile, ReopenFollowsARotation) {
  LineLog log({.file = path.string()});
  log.info("before");
  std::filesystem::rename(path, path.string() + ".1");
  log.reopen();
  log.info("after");
  ASSERT_EQ(lines(path.string()).size(), 1U);
  EXPECT_THAT(lines(path.string())[0], HasSubstr("after"));
  EXPECT_THAT(lines(path.string() + ".1")[0], HasSubstr("before"));
}

TEST_F(LogFile, AFileThatCannotBeOpenedIsNamed) {
  try {
    LineLog log({.file = "/nowhere/at/all.log"});
    FAIL();
  } catch (const std::system_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("/nowhere/at/all.log"));
  }
}

TEST(LogDevice, AFullDiskIsCountedAndDoesNotThrow) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  LineLog log({.file = "/dev/full"});
  log.info("lost");
  EXPECT_EQ(log.lost(), 1U);
}

}  // namespace
}  // namespace clusterkit
