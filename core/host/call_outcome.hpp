// How a call to a plugin ends, on the C++ side.
#pragma once

#include <clusterkit/plugin.hpp>
#include <clusterkit/types.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "host/unique_function.hpp"

namespace clusterkit {

// ck_status; the meaning of each is there.
enum class Status : std::int32_t {
  Ok = CK_OK,
  Again = CK_AGAIN,
  Retry = CK_RETRY,
  Invalid = CK_INVALID,
  NotFound = CK_NOT_FOUND,
  Conflict = CK_CONFLICT,
  Unsupported = CK_UNSUPPORTED,
  Denied = CK_DENIED,
  Timeout = CK_TIMEOUT,
  Cancelled = CK_CANCELLED,
  Unavailable = CK_UNAVAILABLE,
  NoSpace = CK_NO_SPACE,
  Io = CK_IO,
  Corrupt = CK_CORRUPT,
  Stale = CK_STALE,
  NotLeader = CK_NOT_LEADER,
  Unknown = CK_UNKNOWN,
  Internal = CK_INTERNAL,
  Fatal = CK_FATAL,
};

// A number that this host does not know is Unknown.
Status toStatus(ck_status status);
inline ck_status toAbi(Status status) { return static_cast<ck_status>(status); }
std::string_view name(Status status);  // "not_leader"
// False: a refusal, which says that nothing was done. Of a call that failed in any other way nobody knows.
bool possiblyDone(Status status);
// The message, also of a plugin that forgot to end it.
std::string textOf(const ck_error& error);  // as one line

// What an asynchronous call ended with. value0, value1 and payload mean what the call's contract says.
// Not called Outcome: that is what apply decided about a command (cluster/outcome.hpp).
struct CallOutcome {
  Status status = Status::Ok;
  std::uint64_t value0 = 0;
  std::uint64_t value1 = 0;
  Buffer payload;
  std::string text;  // for people; may be empty
  int osErrno = 0;
  std::uint32_t retryAfterMs = 0;  // 0 = not known

  bool ok() const { return status == Status::Ok; }
  // Of a proposal, barrier or change.
  LogIndex index() const { return LogIndex(ok() ? value0 : 0); }
  // A hint; 0 = not known.
  MemberId leader() const { return MemberId(status == Status::NotLeader ? value0 : 0); }
  // May the call have had its effect? False: definitely not done.
  bool possiblyDone() const { return clusterkit::possiblyDone(status); }
};

inline CallOutcome failed(Status status, std::string_view text) {
  CallOutcome outcome;
  outcome.status = status;
  outcome.text = text;
  return outcome;
}

using CallHandler = UniqueFunction<void(CallOutcome)>;

// A failure with its reason.
struct Failure {
  Status status = Status::Internal;
  std::string text;
};

// A value or the reason why there is none.
template <class T>
class Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : content_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return std::get<0>(content_); }
  const T& value() const { return std::get<0>(content_); }
  const Failure& failure() const { return std::get<1>(content_); }

 private:
  std::variant<T, Failure> content_;
};

// A call without a value.
struct Done {};

}  // namespace clusterkit
