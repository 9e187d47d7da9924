// The one list of errors that the API can answer, and their one mapping to HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace clusterkit::http {

enum class ErrorCode : std::uint8_t {
  invalid,               // 400: the request itself is wrong
  forbidden,             // 403: a browser page of another origin, or an unlisted host name
  notFound,              // 404
  methodNotAllowed,      // 405, with Allow
  requestTimeout,        // 408: the client took too long to send its request
  conflict,              // 409: refused because of the present state
  quotaExceeded,         // 409: over a documented total limit
  gone,                  // 410: history was cut
  lengthRequired,        // 411
  tooLarge,              // 413
  targetTooLong,         // 414
  unsupportedMediaType,  // 415
  expectationFailed,     // 417
  tooManyRequests,       // 429, with Retry-After
  headersTooLarge,       // 431
  internal,              // 500
  notImplemented,        // 501
  noLeader,              // 503, with Retry-After: no leader was found, or no quorum answered a read
  notLeader,             // 503, with Retry-After: leadership moved while the request was under way
  notReady,              // 503, with Retry-After: this node is not yet part of a cluster
  unavailable,           // 503, with Retry-After: stopping, or too much is under way
  noSpace,               // 503, with Retry-After: disk or memory is full
  timeout,               // 504: no answer in time
  unknownOutcome,        // 504: possibly applied; ask again with the same Idempotency-Key
  versionNotSupported,   // 505
};

// What is known about the change that the request asked for (promise P3).
enum class Applied : std::uint8_t { notApplicable, no, unknown };

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // one line for people; escaped where it is written
  Applied applied = Applied::notApplicable;
  std::chrono::seconds retryAfter{1};  // used by the codes that carry Retry-After
  std::string_view name = {};          // a literal that says more than nameOf(code); empty: that one
};

int statusOf(ErrorCode code);
std::string_view nameOf(ErrorCode code);  // "not_leader": part of the API
std::string_view nameOf(Applied applied);
bool wantsRetryAfter(ErrorCode code);
std::string_view reasonPhrase(int status);  // "Not Found"

// {"error":{"code":…,"message":…,"outcome":…}}
std::string errorBody(const Error& error);

// Thrown by handlers and checks for a request that cannot be served; the server turns it into the answer.
class RequestError : public std::exception {
 public:
  explicit RequestError(Error error) : error_(std::move(error)) {}
  RequestError(ErrorCode code, std::string message, Applied applied = Applied::notApplicable)
      : error_{code, std::move(message), applied} {}

  const Error& error() const { return error_; }
  const char* what() const noexcept override { return error_.message.c_str(); }

 private:
  Error error_;
};

}  // namespace clusterkit::http
