#include "daemon/joiner.hpp"

#include <gtest/gtest.h>

#include <future>

#include "host/line_log.hpp"
#include "support/dripping_server.hpp"
#include "support/eventually.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;

struct SilentLog final : Log {
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, Fields) override {}
};

TEST(Joiner, ASeedThatDripsItsAnswerDoesNotHoldAStop) {
  DrippingServer seed;
  SilentLog log;
  Joiner joiner({{Address{"127.0.0.1", seed.port()}}, "{}", ""}, log,
                [](const JoinAcceptance&) { ADD_FAILURE() << "nobody was joined"; });
  ASSERT_TRUE(eventually([&] { return seed.dripped() > 3; }, 10s)) << "it never asked";
  auto stopped = std::async(std::launch::async, [&] { joiner.stop(); });
  EXPECT_EQ(stopped.wait_for(3s), std::future_status::ready);
}

TEST(Joiner, ARequestThatIsGivenUpEndsWithAReason) {
  DrippingServer seed;
  const auto abort = std::make_shared<http::AbortSwitch>();
  auto asked = std::async(std::launch::async,
                          [&] { return askToJoin("127.0.0.1:" + std::to_string(seed.port()), "{}", abort); });
  ASSERT_TRUE(eventually([&] { return seed.dripped() > 3; }, 10s));
  abort->abort();
  ASSERT_EQ(asked.wait_for(3s), std::future_status::ready);
  const auto answer = asked.get();
  ASSERT_TRUE(std::holds_alternative<JoinRefusal>(answer));
  EXPECT_EQ(std::get<JoinRefusal>(answer).kind, JoinRefusal::Kind::NoAnswer);
}

}  // namespace
}  // namespace clusterkit::test
