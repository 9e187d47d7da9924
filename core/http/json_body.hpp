// Request bodies as JSON objects, read strictly: valid UTF-8, no deeper than 64, one object and nothing
// behind it. Everything wrong is a RequestError, 400, that names the field. Reading copies nothing but what
// is asked for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace clusterkit::http {

inline constexpr std::size_t kMaxJsonDepth = 64;

class JsonBody {
 public:
  // Also checks Content-Type, when there is one (415). An empty body counts as {}.
  explicit JsonBody(const Request& request);
  explicit JsonBody(std::string_view text);

  bool has(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;  // absent or null: nothing
  std::optional<std::uint64_t> number(std::string_view name) const;
  std::string requiredText(std::string_view name) const;  // not empty
  std::optional<JsonBody> object(std::string_view name) const;
  std::vector<JsonBody> objects(std::string_view name) const;   // an array of objects
  std::vector<std::string> texts(std::string_view name) const;  // an array of strings
  bool isObject(std::string_view name) const;
  std::map<std::string, std::string> textMap() const;  // this object, all values strings

 private:
  struct Value;  // keeps Poco's headers out of this one
  JsonBody(std::shared_ptr<const Value> value, std::string path)
      : value_(std::move(value)), path_(std::move(path)) {}
  [[noreturn]] void refuse(std::string_view name, const std::string& problem) const;

  std::shared_ptr<const Value> value_;
  std::string path_;  // "node.", for messages
};

}  // namespace clusterkit::http
