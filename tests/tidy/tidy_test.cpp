// The repository checks itself: who includes whom, what a pure folder may use, how long files and functions
// are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <regex>
#include <set>

#include "tidy/source_tree.hpp"

namespace clusterkit::tidy {
namespace {

namespace fs = std::filesystem;
using Edges = std::map<std::string, std::set<std::string>>;

constexpr int kFileLimit = 500;
constexpr int kFunctionLimit = 70;

// ARCHITECTURE.md, "Who may include whom". The public headers may be included by everybody.
const Edges kAllowed = {
    {"core/include", {}},
    {"core/placement", {}},
    {"core/discovery", {}},
    {"core/host", {}},
    {"core/cluster", {"core/placement", "core/discovery", "core/host"}},
    {"core/controller", {"core/cluster", "core/placement", "core/discovery", "core/host"}},
    {"core/events", {"core/cluster", "core/placement", "core/discovery", "core/host"}},
    {"core/http", {"core/cluster", "core/placement", "core/discovery", "core/host"}},
    {"core/daemon",
     {"core/http", "core/events", "core/controller", "core/cluster", "core/placement", "core/discovery",
      "core/host"}},
    {"core/cli",
     {"core/http", "core/daemon", "core/cluster", "core/placement", "core/discovery", "core/host"}},
};

// A third-party header appears in its one place. `home` is a prefix of the path.
struct Home {
  std::regex header;
  std::vector<std::string> homes;
};
const std::vector<Home>& homes() {
  static const std::vector<Home> all = {
      {std::regex(R"(^zmq)"), {"plugins/transport-zmq"}},
      {std::regex(R"(^sqlite3)"), {"plugins/store-sqlite"}},
      {std::regex(R"(^(lua|lauxlib))"), {"plugins/hooks-script"}},
      {std::regex(R"(^Poco/Net/)"), {"core/http", "plugins/hooks-webhook"}},
      {std::regex(R"(^Poco/Crypto/)"), {"plugins/hooks-webhook"}},
      {std::regex(R"(^openssl/)"), {"core/host", "core/placement", "plugins/hooks-webhook"}},
      {std::regex(R"(^boost/beast)"), {"core/http"}},
      {std::regex(R"(^boost/dll)"), {"core/host"}},
      {std::regex(R"(^Poco/Util/)"), {"core/daemon", "core/cli"}},
      {std::regex(R"(^prometheus/)"), {"core/http"}},
  };
  return all;
}

bool isPure(const fs::path& path) {
  const std::string p = path.generic_string();
  if (p.starts_with("core/placement/") || p.starts_with("core/discovery/")) return true;
  if (p.starts_with("plugins/consensus-raft/core/")) return true;
  static const std::set<std::string> shell = {"coordinator",   "event_lines", "peer_link", "published",
                                              "recent_states", "snapshotter", "write_path"};
  return p.starts_with("core/cluster/") && !shell.contains(path.stem().string());
}

const std::vector<SourceFile>& product() {
  static const std::vector<SourceFile> all = sourcesBelow({"core", "plugins"});
  return all;
}

std::string at(const SourceFile& file, int line) {
  return file.path.generic_string() + ":" + std::to_string(line);
}

// "cluster/state.hpp" -> "core/cluster"; empty for system and own headers.
std::string folderOf(const std::string& header) {
  const auto slash = header.find('/');
  if (slash == std::string::npos) return "";
  const std::string folder = "core/" + header.substr(0, slash);
  return kAllowed.contains(folder) ? folder : "";
}

TEST(Tidy, FoldersIncludeOnlyWhatTheArchitectureAllows) {
  Edges seen;
  for (const SourceFile& file : product()) {
    const std::string from = file.folder();
    for (const Include& include : file.includes()) {
      const std::string to = folderOf(include.header);
      if (to.empty() || to == from) continue;
      seen[from].insert(to);
      const auto rule = kAllowed.find(from);
      const bool allowed = rule != kAllowed.end() && rule->second.contains(to);
      EXPECT_TRUE(allowed) << at(file, include.line) << ": " << from << " must not include "
                           << include.header;
    }
  }
  for (const auto& [from, targets] : seen)
    for (const std::string& to : targets) std::cout << from << " -> " << to << "\n";
}

TEST(Tidy, ThirdPartyHeadersStayInTheirFolder) {
  for (const SourceFile& file : product())
    for (const Include& include : file.includes())
      for (const Home& home : homes()) {
        if (!std::regex_search(include.header, home.header)) continue;
        EXPECT_THAT(home.homes, testing::Contains(file.folder()))
            << at(file, include.line) << ": " << include.header;
      }
}

TEST(Tidy, PureFoldersUseNoThreadClockFileSocketOrRandomSource) {
  static const std::set<std::string> headers = {
      "thread",  "mutex",     "condition_variable", "fstream",      "iostream",
      "random",  "ctime",     "filesystem",         "sys/socket.h", "unistd.h",
      "fcntl.h", "pthread.h", "shared_mutex",       "future",       "time.h"};
  static const std::regex calls(
      R"(steady_clock::now|system_clock::now|\bstd::rand\b|\bgetrandom\b|\bgetenv\b|\bsleep_for\b|\bprintf\()");
  for (const SourceFile& file : product()) {
    if (!isPure(file.path)) continue;
    for (const Include& include : file.includes())
      EXPECT_FALSE(headers.contains(include.header)) << at(file, include.line) << ": " << include.header;
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      EXPECT_FALSE(std::regex_search(file.lines[i], calls)) << at(file, static_cast<int>(i) + 1);
  }
}

TEST(Tidy, FilesAndFunctionsStayShort) {
  for (const SourceFile& file : sourcesBelow({"core", "plugins", "tests", "examples", "bench"})) {
    EXPECT_LE(file.lines.size(), static_cast<std::size_t>(kFileLimit))
        << file.path << " is too long: split it";
    for (const Function& function : file.functions())
      EXPECT_LE(function.length, kFunctionLimit) << at(file, function.line) << ": " << function.firstLine;
  }
}

TEST(Tidy, EveryFolderOpensWithAReadme) {
  for (const std::string top : {"core", "plugins"})
    for (const auto& entry : fs::directory_iterator(fs::path(CLUSTERKIT_SOURCE_DIR) / top)) {
      if (!entry.is_directory() || fs::is_empty(entry.path())) continue;
      EXPECT_TRUE(fs::exists(entry.path() / "README.md")) << entry.path();
    }
  for (const std::string folder : {"tests", "scripts", "config"})
    EXPECT_TRUE(fs::exists(fs::path(CLUSTERKIT_SOURCE_DIR) / folder / "README.md")) << folder;
}

}  // namespace
}  // namespace clusterkit::tidy
