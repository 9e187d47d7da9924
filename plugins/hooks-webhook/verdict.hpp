// What a receiver's answer means for the event. Pure.
#pragma once

#include <clusterkit/sink.hpp>
#include <string>

namespace clusterkit::webhook {

struct Answer {
  int status = 0;
  std::string retryAfter;  // the header, empty if there was none
};

// The longest wait that a receiver can ask for.
inline constexpr std::chrono::hours kLongestRetryAfter{1};

// Retry-After (RFC 9110, 10.2.3): seconds, or an HTTP date. Zero when it is neither or in the past.
std::chrono::milliseconds waitAskedFor(const std::string& retryAfter, std::int64_t wallSeconds);

// 2xx: done. 408, 425, 429 and 5xx: again, not before Retry-After. Other 4xx, and 3xx: never. Anything else
// is no answer to a POST and is tried again. `who` is named in the text.
Verdict verdictOf(const Answer& answer, const std::string& who, std::int64_t wallSeconds);

}  // namespace clusterkit::webhook
