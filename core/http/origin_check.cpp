#include "http/origin_check.hpp"

#include <Poco/Net/IPAddress.h>

#include <algorithm>

namespace clusterkit::http {
namespace {

// "name:8080" or "[::1]:8080" without port and brackets.
std::string_view hostName(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.rfind(':'));
}

bool isLocalName(std::string_view name) {
  constexpr std::string_view kLocal = "localhost";
  if (name.size() < kLocal.size()) return false;
  const std::string_view tail = name.substr(name.size() - kLocal.size());
  return equalsIgnoreCase(tail, kLocal) &&
         (tail.size() == name.size() || name[name.size() - kLocal.size() - 1] == '.');
}

bool isAddress(std::string_view name) {
  Poco::Net::IPAddress address;
  return Poco::Net::IPAddress::tryParse(std::string(name), address);
}

}  // namespace

std::optional<Error> checkOrigin(const Request& head, const std::vector<std::string>& allowedHosts) {
  const std::string* host = head.headers.find("Host");
  if (!allowedHosts.empty() && host != nullptr) {
    const std::string_view name = hostName(*host);
    const auto same = [&](const std::string& allowed) { return equalsIgnoreCase(allowed, name); };
    const bool known =
        isLocalName(name) || isAddress(name) || std::any_of(allowedHosts.begin(), allowedHosts.end(), same);
    if (!known)
      return Error{ErrorCode::forbidden, "this host name is not in http.allowed_hosts", Applied::no};
  }
  const bool reads =
      head.method == Method::get || head.method == Method::head || head.method == Method::options;
  const std::string* origin = head.headers.find("Origin");
  if (reads || origin == nullptr) return std::nullopt;
  const std::size_t scheme = origin->find("://");
  const std::string_view from =
      scheme == std::string::npos ? std::string_view() : std::string_view(*origin).substr(scheme + 3);
  if (host != nullptr && equalsIgnoreCase(from, *host)) return std::nullopt;
  return Error{ErrorCode::forbidden, "changes from pages of another origin are refused", Applied::no};
}

}  // namespace clusterkit::http
