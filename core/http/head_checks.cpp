#include "http/head_checks.hpp"

#include <algorithm>
#include <charconv>

namespace clusterkit::http {
namespace {

Error invalid(std::string message) { return Error{ErrorCode::invalid, std::move(message), Applied::no}; }

bool isDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<Error> parseLength(std::string_view text, std::uint64_t& out) {
  // Digits only: "+5", "1,0", "0x5", "" and "5 5" are all readings that two programs could differ in.
  if (text.empty() || !std::all_of(text.begin(), text.end(), isDigit)) {
    return invalid("Content-Length must be decimal digits only");
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out);
  if (result.ec != std::errc{}) return invalid("Content-Length is out of range");
  return std::nullopt;
}

bool isHostCharacter(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~:[]%").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Error> checkHeadBytes(std::string_view block) {
  bool lineStart =
      false;  // the request line itself may not start with a blank either; the parser refuses that
  for (std::size_t i = 0; i < block.size(); ++i) {
    const auto c = static_cast<unsigned char>(block[i]);
    if (lineStart && (c == ' ' || c == '\t')) return invalid("a folded header line");
    lineStart = false;
    if (c == '\r') {
      if (i + 1 >= block.size() || block[i + 1] != '\n') return invalid("a bare carriage return in the head");
      ++i;
      lineStart = true;
    } else if (c == '\n') {
      return invalid("a line of the head does not end with CR LF");
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      return invalid("a control character in the head");
    }
  }
  return std::nullopt;
}

std::optional<Error> checkFraming(const Headers& headers, bool http11, BodyFraming& out) {
  const std::size_t lengths = headers.count("Content-Length");
  const std::size_t encodings = headers.count("Transfer-Encoding");
  if (lengths > 0 && encodings > 0) return invalid("Content-Length together with Transfer-Encoding");
  if (lengths > 1) return invalid("more than one Content-Length");
  if (encodings > 1) return invalid("more than one Transfer-Encoding");
  out.announced = lengths + encodings > 0;
  if (lengths == 1) return parseLength(*headers.find("Content-Length"), out.length);
  if (encodings == 1) {
    if (!http11) return invalid("Transfer-Encoding in an HTTP/1.0 request");
    if (!equalsIgnoreCase(*headers.find("Transfer-Encoding"), "chunked")) {
      return invalid("Transfer-Encoding: only chunked is understood");
    }
    out.chunked = true;
  }
  return std::nullopt;
}

std::optional<Error> checkHost(const Headers& headers, bool http11) {
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1) return invalid("more than one Host header");
  if (hosts == 0) return http11 ? std::optional(invalid("the Host header is missing")) : std::nullopt;
  const std::string& host = *headers.find("Host");
  if (!std::all_of(host.begin(), host.end(), isHostCharacter)) return invalid("the Host header is malformed");
  return std::nullopt;
}

std::optional<Error> splitTarget(std::string_view target, std::string& path, std::string& query) {
  constexpr std::string_view kScheme = "http://";
  if (target.size() > kScheme.size() && equalsIgnoreCase(target.substr(0, kScheme.size()), kScheme)) {
    const std::size_t slash = target.find('/', kScheme.size());
    if (slash == std::string_view::npos) return invalid("the request target has no path");
    target.remove_prefix(slash);
  }
  const auto isVisible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
  if (target.empty() || target.front() != '/' || !std::all_of(target.begin(), target.end(), isVisible)) {
    return invalid("the request target must be a path of visible ASCII characters");
  }
  const std::size_t mark = target.find('?');
  path.assign(target.substr(0, mark));
  query.assign(mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1));
  return std::nullopt;
}

}  // namespace clusterkit::http
