// Writes JSON text into a string, field by field: no tree in between. The caller keeps the order of its calls
// legal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace clusterkit {

class JsonText {
 public:
  JsonText& beginObject();
  JsonText& endObject();
  JsonText& beginArray();
  JsonText& endArray();
  JsonText& key(std::string_view name);
  // Bytes that are not UTF-8 are written as U+FFFD.
  JsonText& string(std::string_view text);
  JsonText& number(std::uint64_t value);
  JsonText& integer(std::int64_t value);
  JsonText& boolean(bool value);
  JsonText& null();

  // Shorthands for key and value.
  JsonText& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonText& field(std::string_view name, std::uint64_t value) { return key(name).number(value); }
  JsonText& field(std::string_view name, const char* text) { return key(name).string(text); }
  JsonText& flag(std::string_view name, bool value) { return key(name).boolean(value); }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void separate();
  std::string text_;
  bool needComma_ = false;
};

}  // namespace clusterkit
