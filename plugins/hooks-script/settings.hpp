// The checked options of one sink, read once in the constructor.
#pragma once

#include <chrono>
#include <clusterkit/sink.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace clusterkit::script {

enum class Mode { perEvent, stream, lua };

struct Settings {
  Mode mode = Mode::perEvent;
  std::string sink;  // the section's name: "audit" of [sink.audit]
  std::string file;  // command or script, absolute
  std::string name;  // of the file without its folders, for the log
  ck_status onFailure = CK_RETRY;
  std::uint64_t maxOutput = 0;

  // per-event and stream
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to what every script gets
  std::string directory;
  std::chrono::nanoseconds killAfter{};

  // lua
  std::uint64_t maxMemory = 0, maxInstructions = 0;
  bool allowOs = false, allowIo = false;

  Verdict failed(std::string why) const;  // as on_failure says
};

constexpr std::int64_t kKib = 1024, kMib = 1024 * kKib, kMs = 1'000'000;

inline constexpr ck_option kOptions[] = {
    choiceOption(
        "mode", "per-event|stream|lua", "per-event",
        "per-event: one process per event, stream: one process that acknowledges events, lua: in process"),
    option(
        "command", CK_TYPE_PATH, nullptr,
        "per-event, stream: the executable; it is run without a shell, and must not be writable by others"),
    option("args", CK_TYPE_LIST, nullptr, "per-event, stream: arguments of the command"),
    option("env", CK_TYPE_LIST, nullptr,
           "per-event, stream: NAME=value, added to the otherwise clean environment"),
    option("directory", CK_TYPE_PATH, nullptr,
           "per-event, stream: working directory of the command; when not set, the node's data folder"),
    option("kill_after", CK_TYPE_DURATION, "2s",
           "per-event, stream: time between SIGTERM and SIGKILL, after the deadline", 0, 60'000 * kMs),
    choiceOption("on_failure", "retry|dead_letter", "retry",
                 "what becomes of an event on an exit code other than 0 and 75, a signal, a Lua error"),
    option("max_output", CK_TYPE_SIZE, "64KiB",
           "what one event may print into the log; the rest is dropped and counted", 0, 16 * kMib),
    option("script", CK_TYPE_PATH, nullptr, "lua: a file that defines the function on_event(event)"),
    option("max_memory", CK_TYPE_SIZE, "16MiB", "lua: what the script may hold in memory", kMib, 1024 * kMib),
    option("max_instructions", CK_TYPE_INT, "10000000", "lua: virtual machine instructions per event", 10'000,
           1'000'000'000'000),
    option("allow", CK_TYPE_LIST, nullptr, "lua: further libraries, of os and io; neither by default"),
    endOfOptions};

// Throws Error(CK_INVALID) that names the option, its value and what is allowed.
Settings readSettings(const Config& config);

}  // namespace clusterkit::script
