// Addresses as people write them: "host:port", "[v6]:port", ":port". Pure, no look-ups.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace clusterkit::zmq {

struct Endpoint {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

// An empty host becomes defaultHost; without a port, defaultPort counts. Throws Error(CK_INVALID) that quotes
// the text.
Endpoint parseEndpoint(std::string_view text, std::string_view defaultHost);
Endpoint parseEndpoint(std::string_view text, std::string_view defaultHost, std::uint16_t defaultPort);

bool isIpv6(const std::string& host);
bool isNumeric(const std::string& host);   // no name service is needed to reach it
bool isWildcard(const std::string& host);  // binds to every interface, so nobody can dial it

std::string toText(const Endpoint& endpoint);        // "host:port", IPv6 in brackets
std::string toTcpAddress(const Endpoint& endpoint);  // "tcp://host:port", as libzmq wants it

}  // namespace clusterkit::zmq
