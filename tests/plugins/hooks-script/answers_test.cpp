// mode = per-event: exit codes, signals and files that cannot be run become answers.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <thread>

#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::HasSubstr;

constexpr const char* kExitAsTold = "exit $CLUSTERKIT_EVENT_SUBJECT\n";

TEST(Answers, ZeroIsDoneSeventyFiveIsRetryAndEveryOtherCodeIsAsConfigured) {
  const auto retries = ScriptUnderTest::shell(kExitAsTold);
  const auto buries = ScriptUnderTest::shell(kExitAsTold, {{"on_failure", "dead_letter"}});
  for (int code = 0; code < 256; ++code) {
    TestEvent event;
    event.subject = std::to_string(code);
    const ck_status failure = code == 0 ? CK_OK : CK_RETRY;
    const ck_status buried = code == 0 || code == 75 ? failure : CK_INVALID;
    EXPECT_EQ(retries->deliver(event).status, failure) << code;
    const Answer answer = buries->deliver(event);
    EXPECT_EQ(answer.status, buried) << code;
    if (code != 0) {
      EXPECT_EQ(answer.text, "exit code " + event.subject);
    }
  }
}

TEST(Answers, DeathByASignalIsAFailureThatNamesTheSignal) {
  const auto sink = ScriptUnderTest::shell("kill -SEGV $$\n", {{"on_failure", "dead_letter"}});
  const Answer answer = sink->deliver();
  EXPECT_EQ(answer.status, CK_INVALID);
  EXPECT_EQ(answer.text, "killed by signal 11");
}

TEST(Answers, AScriptThatLosesItsPermissionFailsWithAClearLine) {
  const auto sink = ScriptUnderTest::shell("exit 0\n", {{"on_failure", "dead_letter"}});
  std::filesystem::permissions(sink->folder() / "hook.sh", std::filesystem::perms(0644));
  const Answer answer = sink->deliver();
  EXPECT_EQ(answer.status, CK_INVALID);
  EXPECT_THAT(answer.text, HasSubstr("hook.sh: Permission denied"));
  EXPECT_TRUE(sink->logged("script_not_run"));
}

TEST(Answers, AMissingInterpreterIsNamedAsTheLikelyReason) {
  ScriptUnderTest sink;
  sink.create({{"command", sink.writeScript("odd", "#!/no/such/interpreter\n")}});
  const Answer answer = sink.deliver();
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_THAT(answer.text, HasSubstr("interpreter that its first line names is missing"));
}

TEST(Answers, AFileThatIsNoProgramFailsWithAHint) {
  ScriptUnderTest sink;
  sink.create({{"command", sink.writeScript("odd", "just text\n")}, {"on_failure", "dead_letter"}});
  const Answer answer = sink.deliver();
  EXPECT_EQ(answer.status, CK_INVALID);
  EXPECT_THAT(answer.text, HasSubstr("#!/bin/sh"));
}

TEST(Answers, AFailedStartLeavesNothingBehind) {
  ScriptUnderTest sink;
  sink.create({{"command", sink.writeScript("odd", "#!/no/such/interpreter\n")}});
  const Holdings before = Holdings::now();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sink.deliver().status, CK_RETRY);
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Answers, ForWantOfDescriptorsAnEventIsNeverBuried) {
  const auto sink = ScriptUnderTest::shell("exit 0\n", {{"on_failure", "dead_letter"}});
  const Holdings before = Holdings::now();
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  // One more each time: every step of a start fails once.
  for (rlim_t free = 0; free < 10; ++free) {
    const rlimit few{before.descriptors + free, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const ck_status status = sink->deliver().status;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
    EXPECT_THAT(status, testing::AnyOf(CK_RETRY, CK_OK)) << free << " free descriptors";
    EXPECT_EQ(Holdings::now(), before);
  }
  EXPECT_EQ(sink->deliver().status, CK_OK);
}

TEST(Answers, TwoHundredDeliveriesLeaveNoDescriptorNoChildAndNoThread) {
  const auto sink = ScriptUnderTest::shell("echo hello; exit 0\n");
  const Holdings before = Holdings::now();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(sink->deliver().status, CK_OK);
  EXPECT_EQ(Holdings::now(), before);
}

TEST(Answers, DeliveriesRunBesideEachOther) {
  // Each waits for the other's mark: alone, neither would end.
  const auto sink = ScriptUnderTest::shell(
      "touch $CLUSTERKIT_EVENT_SUBJECT\n"
      "until [ -e one ] && [ -e two ]; do sleep 0.01; done\n");
  TestEvent one, two;
  one.subject = "one";
  two.subject = "two";
  Answer first;
  std::thread other([&] { first = sink->deliver(one); });
  EXPECT_EQ(sink->deliver(two).status, CK_OK);
  other.join();
  EXPECT_EQ(first.status, CK_OK);
}

}  // namespace
}  // namespace clusterkit::script
