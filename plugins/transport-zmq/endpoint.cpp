#include "endpoint.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <clusterkit/plugin.hpp>
#include <optional>

namespace clusterkit::zmq {
namespace {

[[noreturn]] void refuse(std::string_view text, const char* why) {
  throw Error(CK_INVALID, "'" + std::string(text) + "' is no address: " + why);
}

std::uint16_t parsePort(std::string_view text, std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > 65535)
    refuse(text, "the port must be a number from 0 to 65535");
  return static_cast<std::uint16_t>(value);
}

// What libzmq would read as something else than a host: a device, a source address, a path.
bool hasOnlyHostCharacters(std::string_view host) {
  for (const char c : host) {
    const bool allowed = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         c == '.' || c == '-' || c == '_';
    if (!allowed) return false;
  }
  return true;
}

Endpoint parse(std::string_view text, std::string_view defaultHost, std::optional<std::uint16_t> port) {
  std::string_view host = text, digits;
  bool hasPort = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) refuse(text, "the closing ] is missing");
    host = text.substr(1, close - 1);
    if (!isIpv6(std::string(host))) refuse(text, "only an IPv6 address goes in brackets");
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') refuse(text, "only :port may follow the ]");
    hasPort = !rest.empty();
    if (hasPort) digits = rest.substr(1);
  } else {
    const auto colon = text.rfind(':');
    hasPort = colon != std::string_view::npos;
    if (hasPort) {
      host = text.substr(0, colon);
      digits = text.substr(colon + 1);
    }
    if (!hasOnlyHostCharacters(host))
      refuse(text, "the host must be a name or an IP address, IPv6 in brackets");
  }
  if (!hasPort && !port) refuse(text, "host:port is needed");
  if (host.empty()) host = defaultHost;
  if (host.empty()) refuse(text, "the host is missing");
  return {std::string(host), hasPort ? parsePort(text, digits) : *port};
}

}  // namespace

Endpoint parseEndpoint(std::string_view text, std::string_view defaultHost) {
  return parse(text, defaultHost, std::nullopt);
}

Endpoint parseEndpoint(std::string_view text, std::string_view defaultHost, std::uint16_t defaultPort) {
  return parse(text, defaultHost, defaultPort);
}

bool isIpv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool isNumeric(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || isIpv6(host);
}

bool isWildcard(const std::string& host) {
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_UNSPECIFIED(&v6);
  in_addr v4{};
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 && v4.s_addr == INADDR_ANY;
}

std::string toText(const Endpoint& endpoint) {
  const std::string port = ":" + std::to_string(endpoint.port);
  return isIpv6(endpoint.host) ? "[" + endpoint.host + "]" + port : endpoint.host + port;
}

std::string toTcpAddress(const Endpoint& endpoint) { return "tcp://" + toText(endpoint); }

}  // namespace clusterkit::zmq
