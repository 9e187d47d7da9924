#include "host/units.hpp"

#include <array>
#include <charconv>

namespace clusterkit {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t scale;
};

constexpr std::array<Unit, 6> kDurationUnits{{{"h", 3'600'000'000'000},
                                              {"m", 60'000'000'000},
                                              {"s", 1'000'000'000},
                                              {"ms", 1'000'000},
                                              {"us", 1'000},
                                              {"ns", 1}}};

// Binary units come first: formatting takes the first one that divides the value.
constexpr std::array<Unit, 9> kSizeUnits{{{"TiB", std::int64_t{1} << 40},
                                          {"GiB", std::int64_t{1} << 30},
                                          {"MiB", std::int64_t{1} << 20},
                                          {"KiB", std::int64_t{1} << 10},
                                          {"TB", 1'000'000'000'000},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"B", 1}}};

__extension__ using Wide = unsigned __int128;

bool isDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view takeDigits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && isDigit(text[n])) ++n;
  const auto digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

// digits.fraction * scale in exact integer arithmetic; nothing where it overflows or is no whole number.
std::optional<std::int64_t> scaled(std::string_view digits, std::string_view fraction, std::int64_t scale) {
  std::int64_t value = 0;
  for (const char c : digits) {
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value))
      return std::nullopt;
  }
  if (__builtin_mul_overflow(value, scale, &value)) return std::nullopt;
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  if (fraction.size() > 18) return std::nullopt;  // no unit is that fine
  Wide part = 0;
  Wide whole = 1;
  for (const char c : fraction) {
    part = part * 10 + static_cast<unsigned>(c - '0');
    whole *= 10;
  }
  part *= static_cast<std::uint64_t>(scale);
  if (part % whole != 0) return std::nullopt;
  if (__builtin_add_overflow(value, static_cast<std::int64_t>(part / whole), &value)) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::int64_t> parseWithUnit(std::string_view text, const std::array<Unit, N>& units) {
  if (text == "0") return 0;
  const auto digits = takeDigits(text);
  if (digits.empty()) return std::nullopt;
  std::string_view fraction;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction = takeDigits(text);
    if (fraction.empty()) return std::nullopt;
  }
  for (const Unit& unit : units) {
    if (unit.name == text) return scaled(digits, fraction, unit.scale);
  }
  return std::nullopt;
}

template <std::size_t N>
std::string formatWithUnit(std::int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value % unit.scale == 0) return std::to_string(value / unit.scale) + std::string(unit.name);
  }
  return std::to_string(value) + std::string(units.back().name);
}

}  // namespace

std::optional<Duration> parseDuration(std::string_view text) {
  const auto nanoseconds = parseWithUnit(text, kDurationUnits);
  if (!nanoseconds) return std::nullopt;
  return Duration(*nanoseconds);
}

std::optional<std::int64_t> parseSize(std::string_view text) { return parseWithUnit(text, kSizeUnits); }

std::optional<std::int64_t> parseInteger(std::string_view text) {
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (text.empty() || !isDigit(text.front())) return std::nullopt;
  }
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<bool> parseBoolean(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"})
    if (text == yes) return true;
  for (const std::string_view no : {"false", "no", "off", "0"})
    if (text == no) return false;
  return std::nullopt;
}

std::string formatDuration(Duration value) {
  return value == Duration::zero() ? "0s" : formatWithUnit(value.count(), kDurationUnits);
}

// Round thousands read better in decimal units (1MB, not 1000000B), powers of two in binary ones.
std::string formatSize(std::int64_t bytes) { return bytes == 0 ? "0B" : formatWithUnit(bytes, kSizeUnits); }

}  // namespace clusterkit
