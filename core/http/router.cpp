#include "http/router.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "http/query.hpp"

namespace clusterkit::http {
namespace {

std::string_view takeSegment(std::string_view& path) {
  path.remove_prefix(1);  // the '/'
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool isParameter(std::string_view segment) { return segment.starts_with('{'); }
bool isRest(std::string_view segment) { return segment.ends_with("...}"); }

// The still encoded {…} parts, or nothing when the path is not of this pattern. Fixed segments compare byte
// by byte: an encoded spelling of a path is another path.
std::optional<std::vector<std::string_view>> matchPattern(std::string_view pattern, std::string_view path) {
  std::vector<std::string_view> parts;
  while (!pattern.empty()) {
    const std::string_view wanted = takeSegment(pattern);
    if (path.empty() || path.front() != '/') return std::nullopt;
    if (isRest(wanted)) {
      if (path.size() < 2) return std::nullopt;
      parts.push_back(path.substr(1));
      return parts;
    }
    const std::string_view segment = takeSegment(path);
    if (isParameter(wanted) ? segment.empty() : segment != wanted) return std::nullopt;
    if (isParameter(wanted)) parts.push_back(segment);
  }
  return path.empty() ? std::optional(std::move(parts)) : std::nullopt;
}

}  // namespace

void Router::add(Route route) {
  const auto existing =
      std::find_if(paths_.begin(), paths_.end(), [&](const Path& p) { return p.pattern == route.pattern; });
  if (existing == paths_.end()) {
    const bool fixed = route.pattern.find('{') == std::string::npos;
    if (fixed) {
      exact_.emplace(route.pattern, paths_.size());
    } else {
      patterns_.push_back(paths_.size());
    }
    std::string pattern = route.pattern;
    std::vector<Route> routes;
    routes.push_back(std::move(route));
    paths_.push_back({std::move(pattern), std::move(routes)});
    return;
  }
  for (const Route& other : existing->routes) {
    if (other.method == route.method) throw std::logic_error("a second route for " + route.pattern);
  }
  existing->routes.push_back(std::move(route));
}

const Router::Path* Router::findPath(std::string_view path) const {
  if (const auto found = exact_.find(std::string(path)); found != exact_.end()) return &paths_[found->second];
  for (const std::size_t number : patterns_) {
    if (matchPattern(paths_[number].pattern, path)) return &paths_[number];
  }
  return nullptr;
}

Router::Match Router::match(Method method, std::string_view path) const {
  const Path* found = findPath(path);
  if (found == nullptr) return NoPath{};
  const Method wanted = method == Method::head ? Method::get : method;
  std::string allow;
  for (const Route& route : found->routes) {
    if (route.method == wanted) return &route;
    if (!allow.empty()) allow += ", ";
    allow += nameOf(route.method);
    if (route.method == Method::get) allow += ", HEAD";
  }
  return NoMethod{std::move(allow)};
}

std::vector<std::string> Router::parameters(const Route& route, std::string_view path) {
  std::vector<std::string> decoded;
  const auto parts = matchPattern(route.pattern, path);
  if (!parts) return decoded;
  for (const std::string_view part : *parts) {
    decoded.push_back(percentDecode(part, PlusSign::Literal, "the path"));
  }
  return decoded;
}

std::variant<const Route*, Response> Router::resolve(const Request& head) const {
  Match found = match(head.method, head.path);
  if (const auto* route = std::get_if<const Route*>(&found)) return *route;
  if (const auto* other = std::get_if<NoMethod>(&found)) {
    const std::string message =
        std::string(nameOf(head.method)) + " is not possible here; allowed: " + other->allow;
    return errorResponse({ErrorCode::methodNotAllowed, message, Applied::no}).with("Allow", other->allow);
  }
  return errorResponse({ErrorCode::notFound, "there is no such path", Applied::no});
}

}  // namespace clusterkit::http
