#include "http/errors.hpp"

#include "cluster/json_text.hpp"

namespace clusterkit::http {
namespace {

struct Row {
  ErrorCode code;
  int status;
  std::string_view name;
};

constexpr Row kRows[] = {
    {ErrorCode::invalid, 400, "invalid"},
    {ErrorCode::forbidden, 403, "forbidden"},
    {ErrorCode::notFound, 404, "not_found"},
    {ErrorCode::methodNotAllowed, 405, "method_not_allowed"},
    {ErrorCode::requestTimeout, 408, "request_timeout"},
    {ErrorCode::conflict, 409, "conflict"},
    {ErrorCode::quotaExceeded, 409, "quota_exceeded"},
    {ErrorCode::gone, 410, "gone"},
    {ErrorCode::lengthRequired, 411, "length_required"},
    {ErrorCode::tooLarge, 413, "too_large"},
    {ErrorCode::targetTooLong, 414, "target_too_long"},
    {ErrorCode::unsupportedMediaType, 415, "unsupported_media_type"},
    {ErrorCode::expectationFailed, 417, "expectation_failed"},
    {ErrorCode::tooManyRequests, 429, "too_many_requests"},
    {ErrorCode::headersTooLarge, 431, "headers_too_large"},
    {ErrorCode::internal, 500, "internal"},
    {ErrorCode::notImplemented, 501, "not_implemented"},
    {ErrorCode::noLeader, 503, "no_leader"},
    {ErrorCode::notLeader, 503, "not_leader"},
    {ErrorCode::notReady, 503, "not_ready"},
    {ErrorCode::unavailable, 503, "unavailable"},
    {ErrorCode::noSpace, 503, "no_space"},
    {ErrorCode::timeout, 504, "timeout"},
    {ErrorCode::unknownOutcome, 504, "outcome_unknown"},
    {ErrorCode::versionNotSupported, 505, "version_not_supported"},
};

const Row& rowOf(ErrorCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row;
  }
  return rowOf(ErrorCode::internal);
}

}  // namespace

int statusOf(ErrorCode code) { return rowOf(code).status; }

std::string_view nameOf(ErrorCode code) { return rowOf(code).name; }

std::string_view nameOf(Applied applied) {
  switch (applied) {
    case Applied::no: return "not_applied";
    case Applied::unknown: return "unknown";
    case Applied::notApplicable: break;
  }
  return "n/a";
}

bool wantsRetryAfter(ErrorCode code) {
  const int status = statusOf(code);
  return status == 503 || status == 429;
}

std::string_view reasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string errorBody(const Error& error) {
  JsonText json;
  json.beginObject().key("error").beginObject();
  json.field("code", error.name.empty() ? nameOf(error.code) : error.name)
      .field("message", error.message)
      .field("outcome", nameOf(error.applied));
  json.endObject().endObject();
  return json.take();
}

}  // namespace clusterkit::http
