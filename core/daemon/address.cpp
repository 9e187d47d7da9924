#include "daemon/address.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "host/units.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kLongestHost = 253;

bool isHostName(const std::string& host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  if (host.empty() || host.size() > kLongestHost || !std::all_of(host.begin(), host.end(), allowed))
    return false;
  // All digits and dots is meant as an IPv4 address, so it must be one.
  in_addr ignored{};
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  return !numeric || ::inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

bool isIpv6(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

std::optional<Address> parseAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const auto port = parseInteger(digits);
  if (!port || *port > 65535) return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host.empty()) {
    host = "127.0.0.1";
  } else if (host.front() == '[') {
    if (host.back() != ']' || !isIpv6(host = host.substr(1, host.size() - 2))) return std::nullopt;
  } else if (!isHostName(host)) {
    return std::nullopt;
  }
  return Address{std::move(host), static_cast<std::uint16_t>(*port)};
}

std::string toString(const Address& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  return (bracketed ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace clusterkit
