#include "host/line_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace clusterkit {

std::string_view name(LogLevel level) {
  switch (level) {
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warn: return "warn";
    case LogLevel::Error: return "error";
  }
  return "error";
}

namespace {

// Bytes of the well-formed UTF-8 character that begins at `at`, 0 when there is none.
std::size_t utf8Length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  std::size_t length = 0;
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF)
    length = 2;
  else if (first >= 0xE0 && first <= 0xEF)
    length = 3;
  else if (first >= 0xF0 && first <= 0xF4)
    length = 4;
  else
    return 0;
  if (at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  const unsigned char second = byte(at + 1);
  const bool overlongOrSurrogate = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return overlongOrSurrogate ? 0 : length;
}

// Inside quotes; the result is a valid JSON string, and a terminal cannot be driven by it.
void appendEscaped(std::string& out, std::string_view text) {
  char code[8];
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t length = utf8Length(text, i);
    const bool c1Control = length == 2 && c == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (length == 0) {
      out += "\\ufffd";
    } else if (c1Control || (length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F))) {
      const unsigned point =
          c1Control ? static_cast<unsigned char>(text[i + 1]) : static_cast<unsigned char>(c);
      std::snprintf(code, sizeof code, "\\u%04x", point);
      out += code;
    } else {
      out.append(text, i, length);
    }
    i += length == 0 ? 1 : length;
  }
}

void appendQuoted(std::string& out, std::string_view text) {
  out += '"';
  appendEscaped(out, text);
  out += '"';
}

bool isPlain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text)
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  return true;
}

// Keys and events come from plugins, too: only what can neither end nor forge a key.
void appendKey(std::string& out, std::string_view key) {
  if (key.empty()) out += '_';
  for (const char c : key) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
    out += fine ? c : '_';
  }
}

template <class N>
void appendNumber(std::string& out, N value) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  if (error == std::errc()) out.append(digits, end);
}

void appendValue(std::string& out, LogFormat format, const LogField::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    if (format == LogFormat::Text && isPlain(*text))
      out += *text;
    else
      appendQuoted(out, *text);
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    out += *flag ? "true" : "false";
  } else if (const auto* number = std::get_if<double>(&value)) {
    if (std::isfinite(*number))
      appendNumber(out, *number);
    else
      out += format == LogFormat::Json ? "null" : "nan";
  } else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
    appendNumber(out, *whole);
  } else {
    appendNumber(out, std::get<std::uint64_t>(value));
  }
}

void appendTime(std::string& out, WallTime at) {
  const auto sinceEpoch = std::chrono::floor<std::chrono::microseconds>(at.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(sinceEpoch);
  const std::time_t whole = seconds.count();
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  char text[40];
  const std::size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  out.append(text, n);
  std::snprintf(text, sizeof text, ".%06ldZ", static_cast<long>((sinceEpoch - seconds).count()));
  out += text;
}

int openLog(const std::string& file) {
  if (file.empty()) return STDERR_FILENO;
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "cannot open log file " + file);
  return descriptor;
}

bool writeAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::string formatLogLine(LogFormat format, WallTime at, LogLevel level, std::string_view event,
                          Log::Fields fields) {
  std::string out;
  out.reserve(160);
  if (format == LogFormat::Text) {
    appendTime(out, at);
    out += ' ';
    out += name(level);
    out += ' ';
    appendKey(out, event);
    for (const LogField& field : fields) {
      out += ' ';
      appendKey(out, field.key);
      out += '=';
      appendValue(out, format, field.value);
    }
    return out;
  }
  out += "{\"time\":\"";
  appendTime(out, at);
  out += "\",\"level\":\"";
  out += name(level);
  out += "\",\"event\":\"";
  appendKey(out, event);
  out += '"';
  for (const LogField& field : fields) {
    out += ",\"";
    appendKey(out, field.key);
    out += "\":";
    appendValue(out, format, field.value);
  }
  out += '}';
  return out;
}

LineLog::LineLog(Options options)
    : options_(std::move(options)), level_(options_.level), descriptor_(openLog(options_.file)) {}

LineLog::~LineLog() {
  if (descriptor_ != STDERR_FILENO) ::close(descriptor_);
}

bool LineLog::enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

void LineLog::write(LogLevel level, std::string_view event, Fields fields) {
  if (!enabled(level)) return;
  const WallTime at = options_.wall ? options_.wall() : WallTime(std::chrono::system_clock::now());
  std::string line = formatLogLine(options_.format, at, level, event, fields);
  line += '\n';
  const std::lock_guard lock(mutex_);
  if (!writeAll(descriptor_, line)) lost_.fetch_add(1, std::memory_order_relaxed);
}

void LineLog::setLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

void LineLog::reopen() {
  if (options_.file.empty()) return;
  const int fresh = openLog(options_.file);
  const std::lock_guard lock(mutex_);
  ::close(descriptor_);
  descriptor_ = fresh;
}

std::uint64_t LineLog::lost() const { return lost_.load(std::memory_order_relaxed); }

}  // namespace clusterkit
