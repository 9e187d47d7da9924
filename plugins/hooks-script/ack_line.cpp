#include "ack_line.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace clusterkit::script {
namespace {

// Cuts the text up to the next space off `line`.
std::string_view nextWord(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t n = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, n);
  if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return n;
}

}  // namespace

std::optional<AckLine> parseAckLine(std::string_view line) {
  if (const auto alone = number(line)) return AckLine{*alone, ack()};
  const std::string_view word = nextWord(line);
  const auto seq = number(nextWord(line));
  if (!seq) return std::nullopt;
  const std::string why(line.empty() ? "the script said so" : line);
  if (word == "ok" && line.empty()) return AckLine{*seq, ack()};
  if (word == "retry") return AckLine{*seq, retry(why)};
  if (word == "reject") return AckLine{*seq, reject(why)};
  return std::nullopt;
}

}  // namespace clusterkit::script
