// A small HTTP client for tests, independent of the product's own: one connection per request, one deadline
// for all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace clusterkit::test {

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string body = {};
  std::map<std::string, std::string> headers = {};
};

// status 0: no complete answer in time, or no connection.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

HttpAnswer http(std::uint16_t port, const HttpRequest& request,
                std::chrono::milliseconds limit = std::chrono::seconds(5));
inline HttpAnswer httpGet(std::uint16_t port, const std::string& target,
                          std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  return http(port, {.target = target}, limit);
}

// Sends bytes as they are and returns what came until the other side closed or the time was over.
std::string rawExchange(std::uint16_t port, const std::string& bytes, std::chrono::milliseconds limit);

}  // namespace clusterkit::test
