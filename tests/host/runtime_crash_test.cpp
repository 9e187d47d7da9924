#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "host/current_plugin.hpp"

namespace clusterkit {
namespace {

TEST(CurrentPlugin, CallsNestAndEachThreadHasItsOwn) {
  EXPECT_EQ(currentPlugin().plugin, nullptr);
  const OnPluginStack outer("consensus raft", "on_durable");
  {
    const OnPluginStack inner("store sqlite", "submit");
    EXPECT_STREQ(currentPlugin().plugin, "store sqlite");
    EXPECT_STREQ(currentPlugin().function, "submit");
    std::thread([] { EXPECT_EQ(currentPlugin().plugin, nullptr); }).join();
  }
  EXPECT_STREQ(currentPlugin().plugin, "consensus raft");
}

void crash(int signal) {
  installCrashHandler();
  useCrashStack();
  const OnPluginStack onStack("store sqlite", "submit");
  std::raise(signal);
}

// The death tests start a process anew each, because this one has threads.
struct CrashHandlerDeathTest : ::testing::Test {
  CrashHandlerDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(CrashHandlerDeathTest, NamesThePluginAndLetsTheSignalTakeItsCourse) {
  EXPECT_EXIT(crash(SIGABRT), ::testing::KilledBySignal(SIGABRT),
              "crashed by SIGABRT while plugin store sqlite was in submit");
  EXPECT_EXIT(crash(SIGSEGV), ::testing::KilledBySignal(SIGSEGV),
              "crashed by SIGSEGV while plugin store sqlite was in submit");
  EXPECT_EXIT(crash(SIGFPE), ::testing::KilledBySignal(SIGFPE), "SIGFPE while plugin store sqlite");
}

TEST_F(CrashHandlerDeathTest, SaysWhenNoPluginWasAtFault) {
  EXPECT_EXIT(
      {
        installCrashHandler();
        std::abort();
      },
      ::testing::KilledBySignal(SIGABRT), "crashed by SIGABRT outside of plugins");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Deep enough for any stack, and not endless, so that the compiler lets it pass.
int overflow(int depth) {
  volatile char frame[4096] = {};
  frame[0] = static_cast<char>(depth);
  return depth > 1'000'000 ? 0 : overflow(depth + 1) + frame[0];
}

TEST_F(CrashHandlerDeathTest, ReportsAnOverflowOfTheStackItself) {
  EXPECT_EXIT(
      {
        installCrashHandler();
        useCrashStack();
        const OnPluginStack onStack("sink lua", "deliver");
        std::_Exit(overflow(0));
      },
      ::testing::KilledBySignal(SIGSEGV), "SIGSEGV while plugin sink lua was in deliver");
}
#endif

}  // namespace
}  // namespace clusterkit
