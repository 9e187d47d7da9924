// Where the events go: the `url` of a section, taken apart. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace clusterkit::webhook {

enum class Scheme { Http, Https };

struct Target {
  Scheme scheme;
  std::string host;  // a name, or an address without brackets
  std::uint16_t port;
  std::string authority;  // host and port as the Host header wants them; what logs and errors call the target
  std::string path;       // path and query as they are written in the url; may hold a secret, so never logged
};

// http or https, without user, password and fragment. Throws std::invalid_argument; the text says what is
// allowed and repeats nothing of the url that may be secret.
Target parseTarget(const std::string& url);

}  // namespace clusterkit::webhook
