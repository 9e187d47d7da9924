// Percent-decoding and the strict reading of query parameters. Pure. Everything wrong is a RequestError, 400.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clusterkit::http {

enum class PlusSign : std::uint8_t { Literal, Space };  // in a path; in a query

// The bytes that `text` stands for, which must be UTF-8. `what` names it in the message.
std::string percentDecode(std::string_view text, PlusSign plus, std::string_view what);
// The reverse: everything but unreserved characters as %XX.
std::string percentEncode(std::string_view text);

class Query {
 public:
  // Parameters that are not in one of the lists, or come twice without being repeatable, are refused.
  Query(std::string_view encoded, std::initializer_list<std::string_view> known,
        std::initializer_list<std::string_view> repeatable = {});

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::optional<std::string> text(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  // Decimal digits only, within the range.
  std::uint64_t number(std::string_view name, std::uint64_t fallback, std::uint64_t least,
                       std::uint64_t most) const;
  std::optional<std::uint64_t> number(std::string_view name) const;
  bool flag(std::string_view name) const;  // "true" or "false"; absent: false
  // Index of the value in `allowed`; the first one when absent.
  std::size_t choice(std::string_view name, std::initializer_list<std::string_view> allowed) const;

 private:
  const std::string* find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// Decimal digits only; nothing for anything else or out of range.
std::optional<std::uint64_t> parseDecimal(std::string_view text);

}  // namespace clusterkit::http
