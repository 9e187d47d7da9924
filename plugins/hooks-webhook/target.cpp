#include "target.hpp"

#include <Poco/Exception.h>
#include <Poco/URI.h>

#include <algorithm>
#include <stdexcept>

namespace clusterkit::webhook {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument(what + "; allowed: http:// or https://, host, optional port, path and query");
}

bool isGraphic(char c) { return c > ' ' && c < 0x7f; }

Poco::URI parsed(const std::string& url) {
  try {
    return Poco::URI(url);
  } catch (const Poco::Exception& error) {
    refuse("is no URL (" + error.message() + ")");
  }
}

// Poco decodes the path, which loses what was "%2F"; the receiver gets what was written.
std::string asWritten(const std::string& url, std::size_t authority) {
  const std::size_t path = url.find_first_of("/?", authority);
  if (path == std::string::npos) return "/";
  return (url[path] == '?' ? "/" : "") + url.substr(path);
}

}  // namespace

Target parseTarget(const std::string& url) {
  if (!std::all_of(url.begin(), url.end(), isGraphic))
    refuse("holds a blank, a control or a non-ASCII character; percent-encode it");
  const std::size_t authority = url.find("://");
  if (authority == std::string::npos) refuse("has no scheme");
  const std::string inAuthority =
      url.substr(authority + 3, url.find_first_of("/?#", authority + 3) - authority - 3);
  if (inAuthority.find('@') != std::string::npos)
    refuse("holds a user or password; put credentials into `headers`");
  if (url.find('#') != std::string::npos) refuse("has a fragment, which is never sent");

  const Poco::URI uri = parsed(url);
  const std::string& scheme = uri.getScheme();
  if (scheme != "http" && scheme != "https") refuse("has the scheme '" + scheme + "'");
  if (uri.getHost().empty()) refuse("has no host");
  Target target;
  target.scheme = scheme == "https" ? Scheme::Https : Scheme::Http;
  target.host = uri.getHost();
  target.port = uri.getPort();
  target.authority = target.host.find(':') == std::string::npos ? target.host : "[" + target.host + "]";
  if (target.port != (target.scheme == Scheme::Https ? 443 : 80))
    target.authority += ":" + std::to_string(target.port);
  target.path = asWritten(url, authority + 3);
  return target;
}

}  // namespace clusterkit::webhook
