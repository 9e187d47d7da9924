// mode = per-event: what a script sees when it starts: input, environment, descriptors, signals, folder.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(Surroundings, TheEventIsOneLineOnStandardInput) {
  const auto sink = ScriptUnderTest::shell("cat > seen\n");
  const TestEvent event;
  EXPECT_EQ(sink->deliver(event).status, CK_OK);
  EXPECT_EQ(sink->read("seen"), event.json + "\n");
}

TEST(Surroundings, TheEnvironmentIsCleanButForTheEventAndWhatWasConfigured) {
  ::setenv("SECRET_OF_THE_NODE", "x", 1);
  ScriptUnderTest sink;
  sink.create({{"command", "/usr/bin/env"}, {"env", "COLOUR=blue,LANG=de_DE.UTF-8"}});
  EXPECT_EQ(sink.deliver().status, CK_OK);
  const char* home = ::getenv("HOME");
  EXPECT_THAT(sink.lines(),
              UnorderedElementsAre(
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  std::string("HOME=") + (home != nullptr ? home : "/"), "LANG=de_DE.UTF-8", "COLOUR=blue",
                  "CLUSTERKIT_SINK=contract", "CLUSTERKIT_EVENT_TYPE=node_join", "CLUSTERKIT_EVENT_SEQ=7",
                  "CLUSTERKIT_EVENT_SUBJECT=node-3", "CLUSTERKIT_EVENT_INDEX=70", "CLUSTERKIT_EVENT_EPOCH=3",
                  "CLUSTERKIT_EVENT_ATTEMPT=1", "CLUSTERKIT_EVENT_ID=00112233445566778899aabbccddeeff"));
}

TEST(Surroundings, ArgumentsReachTheScriptAsTheyAreWithoutAShell) {
  const auto sink = ScriptUnderTest::shell("printf '%s\\n' \"$@\"\n", {{"args", "--x,$HOME `id` *,a;b"}});
  EXPECT_EQ(sink->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), ElementsAre("--x", "$HOME `id` *", "a;b"));
}

TEST(Surroundings, NoDescriptorIsInherited) {
  std::ofstream inheritable("/dev/null");  // the C++ library opens without close-on-exec
  ScriptUnderTest sink;
  sink.create({{"command", "/bin/ls"}, {"args", "/proc/self/fd"}});
  EXPECT_EQ(sink.deliver().status, CK_OK);
  EXPECT_THAT(sink.lines(), ElementsAre("0", "1", "2", "3")) << "3 is the folder that ls reads";
}

TEST(Surroundings, TheSignalMaskIsEmptyAndNoSignalIsIgnored) {
  sigset_t mask, before;
  sigfillset(&mask);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &mask, &before), 0);
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  ScriptUnderTest sink;
  sink.create({{"command", "/bin/grep"}, {"args", "-E,SigBlk|SigIgn,/proc/self/status"}});
  const Answer answer = sink.deliver();
  ::signal(SIGPIPE, old);
  ASSERT_EQ(::pthread_sigmask(SIG_SETMASK, &before, nullptr), 0);
  EXPECT_EQ(answer.status, CK_OK);
  // Signals 32 and 33 belong to the C library, which lets nobody change what it was started with.
  constexpr std::uint64_t kOfTheLibrary = 0x180000000;
  const auto lines = sink.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "SigBlk:\t0000000000000000");
  EXPECT_EQ(std::stoull(lines[1].substr(8), nullptr, 16) & ~kOfTheLibrary, 0u) << lines[1];
}

TEST(Surroundings, ItLeadsASessionOfItsOwn) {
  const auto sink =
      ScriptUnderTest::shell("read -r _ _ _ _ group session _ < /proc/self/stat; echo $$ $group $session\n");
  EXPECT_EQ(sink->deliver().status, CK_OK);
  int pid = 0, group = 0, session = 0;
  ASSERT_EQ(std::sscanf(sink->lines().at(0).c_str(), "%d %d %d", &pid, &group, &session), 3);
  EXPECT_EQ(group, pid);
  EXPECT_EQ(session, pid);
}

TEST(Surroundings, ItWorksInTheDataFolderUnlessToldOtherwise) {
  const auto sink = ScriptUnderTest::shell("pwd\n");
  EXPECT_EQ(sink->deliver().status, CK_OK);
  const auto elsewhere = ScriptUnderTest::shell("pwd\n", {{"directory", "/usr"}});
  EXPECT_EQ(elsewhere->deliver().status, CK_OK);
  EXPECT_THAT(sink->lines(), ElementsAre(sink->folder().string()));
  EXPECT_THAT(elsewhere->lines(), ElementsAre("/usr"));
}

TEST(Surroundings, AWorkingFolderThatVanishedIsNamed) {
  test::TempDir away;
  const auto folder = away.path() / "gone";
  std::filesystem::create_directory(folder);
  const auto sink = ScriptUnderTest::shell("exit 0\n", {{"directory", folder}});
  std::filesystem::remove(folder);
  const Answer answer = sink->deliver();
  EXPECT_EQ(answer.status, CK_RETRY);
  EXPECT_THAT(answer.text, HasSubstr(folder.string() + " is not there"));
}

TEST(Surroundings, AMebibyteThatNobodyReadsIsNoTrouble) {
  TestEvent large;
  large.json = "{\"x\":\"" + std::string(1024 * 1024, 'x') + "\"}";
  const auto deaf = ScriptUnderTest::shell("exit 0\n");
  EXPECT_EQ(deaf->deliver(large).status, CK_OK);
  const auto counts = ScriptUnderTest::shell("wc -c\n");
  EXPECT_EQ(counts->deliver(large).status, CK_OK);
  EXPECT_THAT(counts->lines(), ElementsAre(std::to_string(large.json.size() + 1)));
}

}  // namespace
}  // namespace clusterkit::script
