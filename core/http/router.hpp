// From method and path to the code that answers. Built once; read by the HTTP loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "http/message.hpp"
#include "http/responder.hpp"

namespace clusterkit::http {

// One request on its way to its handler. References live as long as the handler's call.
struct Call {
  const Request& request;
  const std::vector<std::string>& path;  // the {…} parts of the pattern, decoded, in their order
  Responder& responder;
};

using Endpoint = std::function<void(Call&)>;

struct Route {
  Method method = Method::get;
  std::string pattern;
  std::size_t bodyLimit = 0;
  Endpoint endpoint;
};

class Router {
 public:
  // `pattern`: "/v1/nodes/{id}/drain"; {id} is one segment, {key...} at the end is all the rest; neither is
  // empty. A GET route answers HEAD too. Throws std::logic_error for a route that exists.
  void add(Route route);

  // No such path, or not with this method; `allow` is the value for the Allow header.
  struct NoPath {};
  struct NoMethod {
    std::string allow;
  };
  using Match = std::variant<const Route*, NoPath, NoMethod>;
  Match match(Method method, std::string_view path) const;

  // The {…} parts of a path that matched. Throws RequestError for bad percent-encoding or bytes that are not
  // UTF-8.
  static std::vector<std::string> parameters(const Route& route, std::string_view path);

  // As match, with the answer for the two cases of failure.
  std::variant<const Route*, Response> resolve(const Request& head) const;

 private:
  // All routes of one pattern, which differ in the method.
  struct Path {
    std::string pattern;
    std::vector<Route> routes;
  };
  const Path* findPath(std::string_view path) const;

  std::unordered_map<std::string, std::size_t> exact_;  // patterns without {…}: number in paths_
  std::vector<Path> paths_;
  std::vector<std::size_t> patterns_;  // numbers in paths_ of those with {…}
};

}  // namespace clusterkit::http
