// host:port as people write it. [any] pure
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace clusterkit {

struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;

  bool isWildcard() const { return host == "0.0.0.0" || host == "::"; }
  friend bool operator==(const Address&, const Address&) = default;
};

// "127.0.0.1:8080", "node-1.example:8080", "[::1]:8080"; a bare ":8080" is 127.0.0.1:8080. Nothing for
// anything else: a host with other characters than letters, digits, '.', '-' and '_', a port above 65535,
// blanks.
std::optional<Address> parseAddress(std::string_view text);

// What parseAddress reads back as the same.
std::string toString(const Address& address);

}  // namespace clusterkit
