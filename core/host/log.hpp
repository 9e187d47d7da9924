// Structured logging: one line per event, key=value text or JSON. Passed by reference, never a global.
// Thread-safe.
#pragma once

#include <clusterkit/types.hpp>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace clusterkit {

enum class LogLevel { Debug = 0, Info = 1, Warn = 2, Error = 3 };  // the numbers of CK_LOG_*

std::string_view name(LogLevel level);

// One key=value. The key is a literal or outlives the call; the value is borrowed during the call.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <class N>
  requires(std::is_integral_v<N> && !std::is_same_v<N, bool>)  //
      LogField(std::string_view k, N v)
      : key(k), value(toValue(v)) {}
  template <class Tag>
  LogField(std::string_view k, Number<Tag> v) : key(k), value(v.value) {}
  // A duration is written in milliseconds with a fraction; end its key with _ms.
  LogField(std::string_view k, Duration v)
      : key(k), value(std::chrono::duration<double, std::milli>(v).count()) {}

  std::string_view key;
  Value value;

 private:
  template <class N>
  static Value toValue(N v) {
    if constexpr (std::is_signed_v<N>)
      return static_cast<std::int64_t>(v);
    else
      return static_cast<std::uint64_t>(v);
  }
};

class Log {
 public:
  using Fields = std::span<const LogField>;

  virtual ~Log() = default;
  virtual bool enabled(LogLevel level) const = 0;  // [any]
  // `event` is a short stable name in snake_case ("leader_elected"), what changes goes into fields. [any]
  virtual void write(LogLevel level, std::string_view event, Fields fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> f = {}) {
    put(LogLevel::Debug, event, f);
  }
  void info(std::string_view event, std::initializer_list<LogField> f = {}) { put(LogLevel::Info, event, f); }
  void warn(std::string_view event, std::initializer_list<LogField> f = {}) { put(LogLevel::Warn, event, f); }
  void error(std::string_view event, std::initializer_list<LogField> f = {}) {
    put(LogLevel::Error, event, f);
  }

 private:
  void put(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
    if (enabled(level)) write(level, event, Fields(fields.begin(), fields.size()));
  }
};

}  // namespace clusterkit
