#include "cluster/sink_cursor.hpp"

#include <charconv>

namespace clusterkit {
namespace {

constexpr std::string_view kVersion = "1";
constexpr std::string_view kRunning = "running";
constexpr std::string_view kPaused = "paused";

// What stands before the first `end`, which `text` loses.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view first = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return first;
}

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

}  // namespace

std::string encodeCursor(const SinkCursor& cursor) {
  std::string out(kVersion);
  out += ' ' + std::to_string(cursor.delivered.value) + ' ';
  out += cursor.paused ? kPaused : kRunning;
  out += ' ' + std::to_string(cursor.generation);
  char separator = ' ';
  for (const EventSeq seq : cursor.above) {
    out += separator + std::to_string(seq.value);
    separator = ',';
  }
  return out;
}

std::optional<SinkCursor> decodeCursor(std::string_view text) {
  if (cut(text, ' ') != kVersion) return std::nullopt;
  const auto delivered = number(cut(text, ' '));
  const std::string_view state = cut(text, ' ');
  const auto generation = number(cut(text, ' '));
  if (!delivered || !generation || (state != kRunning && state != kPaused)) return std::nullopt;
  SinkCursor cursor{EventSeq(*delivered), {}, state == kPaused, *generation};
  if (text.ends_with(',')) return std::nullopt;
  EventSeq last = cursor.delivered;
  while (!text.empty()) {
    const auto seq = number(cut(text, ','));
    if (!seq || EventSeq(*seq) <= last) return std::nullopt;
    last = EventSeq(*seq);
    cursor.above.push_back(last);
  }
  return cursor;
}

}  // namespace clusterkit
