// One delivery as the bytes of an HTTP/1.1 request. Pure.
#pragma once

#include <clusterkit/sink.hpp>
#include <string>

#include "settings.hpp"

namespace clusterkit::webhook {

// HMAC-SHA-256 (RFC 2104) of "TIMESTAMP.BODY", as "sha256=" and lower-case hex. The timestamp is signed too,
// so that a receiver can refuse a request that was recorded and is sent again later.
std::string signatureOf(const std::string& secret, const std::string& timestamp, std::string_view body);

// Head and body. `wallSeconds` since 1970.
std::string requestText(const Settings& settings, const Event& event, std::int64_t wallSeconds);

}  // namespace clusterkit::webhook
