// Scripts that do all that scripts should not: the node, its other sinks and its descriptors do not notice.
#include <cctype>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {
namespace {

namespace fs = std::filesystem;

// What a script prints: 1 GiB, less where every byte costs ten times as much.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr const char* kFlood = "67108864";
#else
constexpr const char* kFlood = "1073741824";
#endif

std::size_t openDescriptors(pid_t pid) {
  const fs::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// The processes whose parent is `pid`, also those that nobody has waited for.
std::vector<std::string> childrenOf(pid_t pid) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (std::isdigit(static_cast<unsigned char>(entry.path().filename().string().front())) == 0) continue;
    const std::string stat = readFile(entry.path() / "stat");
    const auto name = stat.rfind(')');
    if (name == std::string::npos) continue;
    std::istringstream rest(stat.substr(name + 1));
    std::string state;
    pid_t parent = 0;
    if (rest >> state >> parent && parent == pid) out.push_back(stat.substr(0, 60));
  }
  return out;
}

bool runs(const std::string& pid) { return !pid.empty() && ::kill(std::stoi(pid), 0) == 0; }

class HostileScripts : public HookedCluster {
 protected:
  // A sink of this name that runs `body` for every change of a value, at most twice.
  Settings hostile(const std::string& name, const std::string& body,
                   const std::string& interpreter = "/bin/sh") {
    const fs::path script = cluster_.folder() / (name + ".script");
    std::ofstream(script) << "#!" << interpreter << "\n" << body << "\n";
    fs::permissions(script, fs::perms::owner_all);
    names_.push_back(name);
    const std::string section = "sink." + name + ".";
    return {{section + "plugin", "script"},       {section + "command", script.string()},
            {section + "events", "value_change"}, {section + "timeout", "500ms"},
            {section + "max_attempts", "2"},      {section + "backoff", "20ms"},
            {section + "kill_after", "200ms"}};
  }
  fs::path file(const std::string& name) { return cluster_.folder() / name; }

  std::vector<std::string> names_;
};

TEST_F(HostileScripts, EachEndsWithADeadLetterOrDoneAndNobodyElseNotices) {
  Settings all =
      hostile("hangs", "sleep 1000") + hostile("deaf", "trap '' TERM INT HUP\nwhile :; do sleep 1; done") +
      hostile("forks", "sleep 1000 & echo $! >'" + file("orphan").string() + "'\nexit 0") +
      hostile("floods",
              "yes 0123456789012345678901234567890123456789 | head -c " + std::string(kFlood) + "\nexit 0") +
      hostile("exits", "n=$(cat '" + file("code").string() + "' 2>/dev/null || echo 0)\necho $((n + 1)) >'" +
                           file("code").string() + "'\nexit $n") +
      hostile("unreadable", "exit 0") + hostile("lost", "exit 0", "/no/such/interpreter") +
      hostile("reads-nothing", "exec <&-\nexit 0") + hostile("dies", "kill -SEGV $$") +
      hostile("closes-all", "exec <&- >&- 2>&-\nsleep 1000") +
      hostile("stream-deaf", "trap '' TERM\nwhile :; do sleep 1; done") + hostile("lua-loops", "");
  all["sink.stream-deaf.mode"] = "stream";
  all["sink.lua-loops.mode"] = "lua";
  std::ofstream(file("lua-loops.script")) << "function on_event(event) while true do end end\n";
  all["sink.lua-loops.script"] = all.extract("sink.lua-loops.command").mapped();
  all["sink.floods.events"] = "node_join";  // one event, and time enough for all of it
  all["sink.floods.timeout"] = "60s";
  TestNode& node = addHooked(all);
  for (std::size_t n = 2; n <= 3; ++n) {
    ASSERT_TRUE(eventually([&] { return cluster_.allActive(n - 1); }, 20s));
    addHooked();
  }
  ASSERT_TRUE(eventually([&] { return cluster_.balanced(3) && allDone(); }, 30s));
  fs::permissions(file("unreadable.script"), fs::perms::none);
  ASSERT_TRUE(eventually([&] { return isDone(node, "floods"); }, 60s)) << "so that its pipes are closed";
  const std::size_t before = openDescriptors(node.process().pid());

  // Every exit code that there is, and enough of the others that anything that leaks would show.
  const int writes = 130;  // of which nearly all are tried twice
  for (int i = 0; i < writes; ++i) ASSERT_EQ(node.put("k", std::to_string(i)).status, 200) << i;
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 30s)) << "the sink beside them is told of everything";
  EXPECT_EQ(hook(1).told("value_change").size(), static_cast<std::size_t>(writes));
  EXPECT_EQ(node.get("/v1/lookup?key=user:123").status, 200);
  expectNoGap(hook(1).told());
  EXPECT_TRUE(hook(1).told("node_leave").empty());

  for (const char* quick : {"exits", "forks", "reads-nothing", "unreadable", "lost", "dies"})
    EXPECT_TRUE(eventually([&] { return isDone(node, quick); }, 120s)) << quick;
  for (const char* done : {"forks", "reads-nothing", "floods"})
    EXPECT_EQ(sink(node, done)->optValue<int>("dead_letters_total", -1), 0) << done;
  for (const char* failed : {"lost", "dies", "unreadable"})
    EXPECT_EQ(sink(node, failed)->optValue<int>("dead_letters_total", -1), writes) << failed;
  for (const char* slow : {"hangs", "deaf", "closes-all", "stream-deaf", "lua-loops"})
    EXPECT_TRUE(eventually([&] { return sink(node, slow)->optValue<int>("dead_letters_total", 0) > 0; }, 20s))
        << slow << " gets on, as slowly as it wants";
  EXPECT_TRUE(eventually([&] { return !runs(readFile(file("orphan"))); })) << "what was left behind is ended";

  // Paused, nothing is under way any more, and everything is as it was.
  for (const std::string& name : names_)
    EXPECT_EQ(node.send({.method = "POST", .target = "/v1/sinks/" + name + "/pause"}).status, 200);
  EXPECT_TRUE(eventually([&] { return childrenOf(node.process().pid()).empty(); }, 20s))
      << testing::PrintToString(childrenOf(node.process().pid()));
  EXPECT_TRUE(eventually([&] { return openDescriptors(node.process().pid()) <= before; }, 20s))
      << openDescriptors(node.process().pid()) << " instead of " << before;
  EXPECT_EQ(node.stop(), 0);
}

}  // namespace
}  // namespace clusterkit::test
