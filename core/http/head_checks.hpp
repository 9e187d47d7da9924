// Our own checks of a request's head, beyond what the parser library refuses. Pure.
// Each returns the error, or nothing when all is well.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/errors.hpp"
#include "http/message.hpp"

namespace clusterkit::http {

// The raw bytes of request line and headers, the closing empty line included: lines end with CRLF and nothing
// else, no control characters, no folded lines.
std::optional<Error> checkHeadBytes(std::string_view block);

struct BodyFraming {
  bool announced = false;  // a length or chunking was given
  bool chunked = false;
  std::uint64_t length = 0;
};

// Content-Length and Transfer-Encoding as of RFC 9112 section 6, every ambiguity refused.
std::optional<Error> checkFraming(const Headers& headers, bool http11, BodyFraming& out);

// Host: exactly one for HTTP/1.1, at most one for 1.0, and of a sane form.
std::optional<Error> checkHost(const Headers& headers, bool http11);

// "/path?query" or "http://host/path?query" into path and query.
std::optional<Error> splitTarget(std::string_view target, std::string& path, std::string& query);

}  // namespace clusterkit::http
