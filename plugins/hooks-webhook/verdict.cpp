#include "verdict.hpp"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/NumberParser.h>

#include <algorithm>
#include <chrono>

namespace clusterkit::webhook {
namespace {

using std::chrono::seconds;

bool isDigits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

seconds bounded(std::int64_t wanted) {
  return seconds(std::clamp<std::int64_t>(wanted, 0, seconds(kLongestRetryAfter).count()));
}

// "503 Service Unavailable". The reason is the standard's: the receiver's own is text of a stranger.
std::string named(int status) {
  using Poco::Net::HTTPResponse;
  const std::string number = std::to_string(status);
  if (status > HTTPResponse::HTTP_NETWORK_AUTHENTICATION_REQUIRED)
    return number;  // where Poco's enumeration ends
  const std::string& reason = HTTPResponse::getReasonForStatus(static_cast<HTTPResponse::HTTPStatus>(status));
  return reason == HTTPResponse::HTTP_REASON_UNKNOWN ? number : number + " " + reason;
}

// Of the three forms that RFC 9110, 5.6.7 wants understood. To be chosen: Poco reads each with the format of
// another, and gets a wrong year.
const std::string& formOf(const std::string& date) {
  using Poco::DateTimeFormat;
  if (date.find(',') == std::string::npos) return DateTimeFormat::ASCTIME_FORMAT;
  return date.find('-') == std::string::npos ? DateTimeFormat::HTTP_FORMAT : DateTimeFormat::RFC850_FORMAT;
}

bool isTemporary(int status) { return status == 408 || status == 425 || status == 429 || status / 100 == 5; }

}  // namespace

std::chrono::milliseconds waitAskedFor(const std::string& retryAfter, std::int64_t wallSeconds) {
  if (isDigits(retryAfter)) {
    Poco::UInt64 wanted = 0;
    if (!Poco::NumberParser::tryParseUnsigned64(retryAfter, wanted)) return kLongestRetryAfter;
    return bounded(static_cast<std::int64_t>(std::min<Poco::UInt64>(wanted, INT64_MAX)));
  }
  Poco::DateTime date;
  int zone = 0;
  if (!Poco::DateTimeParser::tryParse(formOf(retryAfter), retryAfter, date, zone)) return {};
  return bounded(date.timestamp().epochTime() - wallSeconds);
}

Verdict verdictOf(const Answer& answer, const std::string& who, std::int64_t wallSeconds) {
  const std::string text = who + ": answered " + named(answer.status);
  if (isTemporary(answer.status)) return retry(text, waitAskedFor(answer.retryAfter, wallSeconds));
  switch (answer.status / 100) {
    case 2: return ack();
    case 3: return reject(text + "; redirects are not followed, set url to where it leads");
    case 4: return reject(text);
    default: return retry(text + ", which is no answer to a POST");
  }
}

}  // namespace clusterkit::webhook
