// The sink "script", entered through its plugin file, with a folder for scripts and all that it logs.
#pragma once

#include <chrono>
#include <clusterkit/sink.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "contract/support/fake_host.hpp"
#include "contract/support/plugin_file.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::script {

using Options = std::map<std::string, std::string>;
using namespace std::chrono_literals;

struct LogLine {
  std::int32_t level;
  std::string event;
  std::map<std::string, std::string> fields;
};

// What the host hands over; the fields may be changed before it is delivered.
struct TestEvent {
  std::uint64_t seq = 7, index = 70, epoch = 3;
  std::uint32_t attempt = 1;
  std::string type = "node_join", subject = "node-3";
  std::string json = R"({"seq":7,"type":"node_join","node":{"id":"node-3","weight":2},"tags":["a","b"]})";
  std::chrono::milliseconds within = 20s;  // 0: no deadline
};

struct Answer {
  ck_status status = CK_OK;
  std::string text;
  std::uint32_t retryAfterMs = 0;
  std::chrono::milliseconds took{};
};

class ScriptUnderTest {
 public:
  // A script with this text, and its options besides command.
  static std::unique_ptr<ScriptUnderTest> shell(const std::string& text, Options options = {});
  static std::unique_ptr<ScriptUnderTest> lua(const std::string& text, Options options = {});

  ScriptUnderTest();
  ~ScriptUnderTest();

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path writeScript(const std::string& name, const std::string& text) const;
  // Throws std::runtime_error with the plugin's text when it refuses the options.
  void create(Options options);
  void destroy() { instance_.reset(); }

  Answer deliver(const TestEvent& event = {});
  void cancel();

  std::vector<LogLine> log() const;
  std::vector<std::string> lines() const;  // what the scripts printed
  bool logged(const std::string& event) const;
  std::string read(const std::string& name) const { return test::readFile(folder() / name); }

 private:
  test::TempDir folder_;
  contract::FakeHost host_;
  ck_host table_;
  mutable std::mutex mutex_;
  std::vector<LogLine> log_;
  std::unique_ptr<contract::PluginInstance> instance_;
};

// What this process holds; equal before and after means that nothing was left behind.
struct Holdings {
  std::size_t descriptors, children, threads;
  static Holdings now();
  auto operator<=>(const Holdings&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Holdings& h);

bool processExists(int pid);

}  // namespace clusterkit::script
