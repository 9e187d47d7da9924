// What kind of answer a client asks for.
#pragma once

#include "http/message.hpp"

namespace clusterkit::http {

// True when an Accept header names the media type itself, and not with the weight 0 (RFC 9110, section
// 12.5.1). Ranges such as */* do not: who takes anything gets what the route gives by default.
bool asksFor(const Request& request, std::string_view mediaType);

}  // namespace clusterkit::http
