#include "http/query.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "host/utf8.hpp"
#include "http/errors.hpp"

namespace clusterkit::http {
namespace {

[[noreturn]] void refuse(std::string message) {
  throw RequestError(ErrorCode::invalid, std::move(message), Applied::no);
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string quoted(std::string_view name) { return "'" + std::string(name) + "'"; }

}  // namespace

std::string percentDecode(std::string_view text, PlusSign plus, std::string_view what) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusSign::Space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) refuse(std::string(what) + " has a % that is not followed by two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!isUtf8(out)) refuse(std::string(what) + " is not valid UTF-8");
  return out;
}

std::string percentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

std::optional<std::uint64_t> parseDecimal(std::string_view text) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  std::uint64_t number = 0;
  if (text.empty() || !std::all_of(text.begin(), text.end(), isDigit)) return std::nullopt;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

Query::Query(std::string_view encoded, std::initializer_list<std::string_view> known,
             std::initializer_list<std::string_view> repeatable) {
  const auto in = [](std::initializer_list<std::string_view> list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  while (!encoded.empty()) {
    const std::size_t end = std::min(encoded.find('&'), encoded.size());
    const std::string_view part = encoded.substr(0, end);
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
    const std::size_t equals = part.find('=');
    std::string name = percentDecode(part.substr(0, equals), PlusSign::Space, "a query parameter's name");
    if (!in(known, name) && !in(repeatable, name)) refuse("unknown query parameter " + quoted(name));
    if (!in(repeatable, name) && has(name)) refuse("query parameter " + quoted(name) + " is given twice");
    if (equals == std::string_view::npos) refuse("query parameter " + quoted(name) + " has no value");
    std::string value =
        percentDecode(part.substr(equals + 1), PlusSign::Space, "query parameter " + quoted(name));
    parameters_.emplace_back(std::move(name), std::move(value));
  }
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<std::string> Query::text(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::uint64_t Query::number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                            std::uint64_t most) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  const auto parsed = parseDecimal(*value);
  if (!parsed || *parsed < least || *parsed > most) {
    refuse("query parameter " + quoted(name) + " must be a number from " + std::to_string(least) + " to " +
           std::to_string(most));
  }
  return *parsed;
}

std::optional<std::uint64_t> Query::number(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return number(name, 0, 0, std::numeric_limits<std::uint64_t>::max());
}

bool Query::flag(std::string_view name) const { return choice(name, {"false", "true"}) == 1; }

std::size_t Query::choice(std::string_view name, std::initializer_list<std::string_view> allowed) const {
  const std::string* value = find(name);
  if (value == nullptr) return 0;
  const auto found = std::find(allowed.begin(), allowed.end(), *value);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  std::string list;
  for (const std::string_view one : allowed) list += (list.empty() ? "" : ", ") + std::string(one);
  refuse("query parameter " + quoted(name) + " must be one of: " + list);
}

}  // namespace clusterkit::http
