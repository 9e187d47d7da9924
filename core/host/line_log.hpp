// The Log that writes: one line per event, with one write(2) each, so that lines of several threads or
// processes do not mix.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "host/log.hpp"

namespace clusterkit {

enum class LogFormat { Text, Json };

// The line without its newline. Text: `2026-01-31T12:00:00.123456Z info leader_elected member=7 why="no
// contact"`. Text values are quoted when they hold anything but plain printable characters; control bytes and
// invalid UTF-8 are escaped in both formats, so that no value can forge a line.
std::string formatLogLine(LogFormat format, WallTime at, LogLevel level, std::string_view event,
                          Log::Fields fields);

class LineLog final : public Log {
 public:
  struct Options {
    LogFormat format = LogFormat::Text;
    LogLevel level = LogLevel::Info;
    std::string file;                  // empty: stderr
    std::function<WallTime()> wall{};  // empty: the system's clock
  };
  // Throws std::system_error when the file cannot be opened for appending.
  explicit LineLog(Options options);
  ~LineLog() override;

  bool enabled(LogLevel level) const override;
  void write(LogLevel level, std::string_view event, Fields fields) override;

  void setLevel(LogLevel level);  // [any]
  // Opens the file again by name, after a rotation; keeps the old one and throws std::system_error if that
  // fails. [any]
  void reopen();
  std::uint64_t lost() const;  // [any] lines that could not be written (disk full)

 private:
  Options options_;
  std::atomic<LogLevel> level_;
  std::mutex mutex_;
  int descriptor_;
  std::atomic<std::uint64_t> lost_{0};
};

// For tests and tools.
class NoLog final : public Log {
 public:
  bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view, Fields) override {}
};

}  // namespace clusterkit
