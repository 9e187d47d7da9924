#include "http/accept.hpp"

#include <Poco/Net/MessageHeader.h>

#include <algorithm>

namespace clusterkit::http {
namespace {

bool isWanted(const std::string& element, std::string_view mediaType) {
  std::string type;
  Poco::Net::NameValueCollection parameters;
  Poco::Net::MessageHeader::splitParameters(element, type, parameters);
  return equalsIgnoreCase(type, mediaType) &&
         parameters.get("q", "1").find_first_of("123456789") != std::string::npos;
}

}  // namespace

bool asksFor(const Request& request, std::string_view mediaType) {
  for (const Header& header : request.headers.all()) {
    if (!equalsIgnoreCase(header.name, "Accept")) continue;
    std::vector<std::string> elements;
    Poco::Net::MessageHeader::splitElements(header.value, elements);
    if (std::any_of(elements.begin(), elements.end(),
                    [&](const std::string& element) { return isWanted(element, mediaType); }))
      return true;
  }
  return false;
}

}  // namespace clusterkit::http
