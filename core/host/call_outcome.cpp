#include "host/call_outcome.hpp"

#include "host/text.hpp"

namespace clusterkit {

Status toStatus(ck_status status) {
  return status >= CK_OK && status <= CK_FATAL ? static_cast<Status>(status) : Status::Unknown;
}

std::string_view name(Status status) {
  switch (status) {
    case Status::Ok: return "ok";
    case Status::Again: return "again";
    case Status::Retry: return "retry";
    case Status::Invalid: return "invalid";
    case Status::NotFound: return "not_found";
    case Status::Conflict: return "conflict";
    case Status::Unsupported: return "unsupported";
    case Status::Denied: return "denied";
    case Status::Timeout: return "timeout";
    case Status::Cancelled: return "cancelled";
    case Status::Unavailable: return "unavailable";
    case Status::NoSpace: return "no_space";
    case Status::Io: return "io";
    case Status::Corrupt: return "corrupt";
    case Status::Stale: return "stale";
    case Status::NotLeader: return "not_leader";
    case Status::Unknown: return "unknown";
    case Status::Internal: return "internal";
    case Status::Fatal: return "fatal";
  }
  return "unknown";
}

bool possiblyDone(Status status) {
  switch (status) {
    case Status::Again:
    case Status::Retry:
    case Status::Invalid:
    case Status::NotFound:
    case Status::Conflict:
    case Status::Unsupported:
    case Status::Denied:
    case Status::Cancelled:
    case Status::Unavailable:
    case Status::NoSpace:
    case Status::Stale:
    case Status::NotLeader: return false;
    case Status::Ok:
    case Status::Timeout:
    case Status::Io:
    case Status::Corrupt:
    case Status::Unknown:
    case Status::Internal:
    case Status::Fatal: return true;
  }
  return true;
}

std::string textOf(const ck_error& error) {
  const char* const end = static_cast<const char*>(std::memchr(error.msg, '\0', sizeof error.msg));
  return oneLine({error.msg, end != nullptr ? static_cast<std::size_t>(end - error.msg) : sizeof error.msg});
}

}  // namespace clusterkit
