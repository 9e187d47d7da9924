#include "script_under_test.hpp"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <ostream>
#include <sstream>

namespace clusterkit::script {
namespace {

namespace fs = std::filesystem;

const contract::PluginFile& pluginFile() {
  static const contract::PluginFile file(fs::path(CLUSTERKIT_PLUGINS) / "hooks-script.so", "script");
  return file;
}

std::size_t entriesOf(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// State and parent of a process, from /proc/PID/stat; the name in parentheses may hold anything.
struct Stat {
  char state = '?';
  int parent = 0;
};
Stat statOf(const fs::path& folder) {
  const std::string text = test::readFile(folder / "stat");
  const auto end = text.rfind(')');
  Stat stat;
  if (end == std::string::npos) return stat;
  std::istringstream rest(text.substr(end + 1));
  rest >> stat.state >> stat.parent;
  return stat;
}

std::size_t childrenOfThisProcess() {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0])) != 0)
      n += statOf(entry.path()).parent == ::getpid() ? 1 : 0;
  return n;
}

}  // namespace

std::unique_ptr<ScriptUnderTest> ScriptUnderTest::shell(const std::string& text, Options options) {
  auto sink = std::make_unique<ScriptUnderTest>();
  options["command"] = sink->writeScript("hook.sh", "#!/bin/bash\n" + text);
  sink->create(std::move(options));
  return sink;
}

std::unique_ptr<ScriptUnderTest> ScriptUnderTest::lua(const std::string& text, Options options) {
  auto sink = std::make_unique<ScriptUnderTest>();
  options["mode"] = "lua";
  options["script"] = sink->writeScript("hook.lua", text);
  sink->create(std::move(options));
  return sink;
}

ScriptUnderTest::ScriptUnderTest() : table_(*host_.table()) {
  host_.provide("test", nullptr, this);
  table_.log = [](void* cx, std::int32_t level, const char* event, const ck_field* fields,
                  std::uint64_t n) noexcept {
    auto& self = *static_cast<ScriptUnderTest*>(contract::FakeHost::user(cx));
    LogLine line{level, event, {}};
    for (std::uint64_t i = 0; i < n; ++i) line.fields[fields[i].key] = view(fields[i].value);
    const std::lock_guard lock(self.mutex_);
    self.log_.push_back(std::move(line));
  };
}

ScriptUnderTest::~ScriptUnderTest() { destroy(); }

fs::path ScriptUnderTest::writeScript(const std::string& name, const std::string& text) const {
  const fs::path file = folder_.write(name, text);
  fs::permissions(file, fs::perms(0755));
  return file;
}

void ScriptUnderTest::create(Options options) {
  instance_ = std::make_unique<contract::PluginInstance>(pluginFile(), &table_, folder(), std::move(options));
}

Answer ScriptUnderTest::deliver(const TestEvent& event) {
  ck_event raw{};
  raw.size = sizeof raw;
  raw.attempt = event.attempt;
  raw.seq = event.seq;
  raw.index = event.index;
  raw.epoch = event.epoch;
  for (std::size_t i = 0; i < sizeof raw.id; ++i) raw.id[i] = static_cast<std::uint8_t>(i * 16 + i);
  raw.type = event.type.c_str();
  raw.subject = event.subject.c_str();
  raw.json = span(event.json);
  const auto start = std::chrono::steady_clock::now();
  if (event.within.count() != 0)
    raw.deadline = static_cast<std::uint64_t>((start + event.within).time_since_epoch().count());
  ck_error error = makeError(CK_OK, "");
  const auto* sink = instance_->iface<ck_sink_simple_1>(CK_SINK_SIMPLE_KIND);
  const ck_status status = sink->deliver(instance_->self(), &raw, &error);
  const auto took = std::chrono::steady_clock::now() - start;
  return {status, error.msg, error.retry_after_ms,
          std::chrono::duration_cast<std::chrono::milliseconds>(took)};
}

void ScriptUnderTest::cancel() {
  instance_->iface<ck_sink_simple_1>(CK_SINK_SIMPLE_KIND)->cancel(instance_->self());
}

std::vector<LogLine> ScriptUnderTest::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::vector<std::string> ScriptUnderTest::lines() const {
  std::vector<std::string> out;
  for (const LogLine& line : log())
    if (line.event == "script_output") out.push_back(line.fields.at("line"));
  return out;
}

bool ScriptUnderTest::logged(const std::string& event) const {
  for (const LogLine& line : log())
    if (line.event == event) return true;
  return false;
}

Holdings Holdings::now() {
  return {entriesOf("/proc/self/fd"), childrenOfThisProcess(), entriesOf("/proc/self/task")};
}

std::ostream& operator<<(std::ostream& out, const Holdings& h) {
  return out << h.descriptors << " descriptors, " << h.children << " children, " << h.threads << " threads";
}

// One that waits for its new parent to look at it is gone for every practical purpose.
bool processExists(int pid) {
  const fs::path folder = fs::path("/proc") / std::to_string(pid);
  return ::kill(pid, 0) == 0 && statOf(folder).state != 'Z';
}

}  // namespace clusterkit::script
