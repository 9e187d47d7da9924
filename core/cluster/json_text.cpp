#include "cluster/json_text.hpp"

#include <charconv>

#include "host/utf8.hpp"

namespace clusterkit {
namespace {

void appendEscape(std::string& out, unsigned char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

template <class T>
void appendNumber(std::string& out, T value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

}  // namespace

void JsonText::separate() {
  if (needComma_) text_ += ',';
  needComma_ = true;
}

JsonText& JsonText::beginObject() {
  separate();
  text_ += '{';
  needComma_ = false;
  return *this;
}

JsonText& JsonText::endObject() {
  text_ += '}';
  needComma_ = true;
  return *this;
}

JsonText& JsonText::beginArray() {
  separate();
  text_ += '[';
  needComma_ = false;
  return *this;
}

JsonText& JsonText::endArray() {
  text_ += ']';
  needComma_ = true;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  string(name);
  text_ += ':';
  needComma_ = false;
  return *this;
}

JsonText& JsonText::string(std::string_view text) {
  separate();
  text_ += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    std::size_t length = utf8SequenceLength(text);
    if (length == 0) {
      text_ += "\xef\xbf\xbd";  // U+FFFD
      length = 1;
    } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
      appendEscape(text_, c);
    } else {
      text_.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  text_ += '"';
  return *this;
}

JsonText& JsonText::number(std::uint64_t value) {
  separate();
  appendNumber(text_, value);
  return *this;
}

JsonText& JsonText::integer(std::int64_t value) {
  separate();
  appendNumber(text_, value);
  return *this;
}

JsonText& JsonText::boolean(bool value) {
  separate();
  text_ += value ? "true" : "false";
  return *this;
}

JsonText& JsonText::null() {
  separate();
  text_ += "null";
  return *this;
}

}  // namespace clusterkit
