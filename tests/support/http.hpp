// A small HTTP client for tests, independent of the product's own: one connection per request, one deadline
// for all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace clusterkit::test {

// Where a server listens; a port alone is one of the loopback.
struct HttpServer {
  HttpServer(std::uint16_t at) : port(at) {}  // NOLINT(google-explicit-constructor): most are given so
  HttpServer(std::string where, std::uint16_t at) : host(std::move(where)), port(at) {}

  std::string host = "127.0.0.1";  // IPv4
  std::uint16_t port;
};

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

HttpAnswer http(const HttpServer& server, const HttpRequest& request,
                std::chrono::milliseconds limit = std::chrono::seconds(5));
inline HttpAnswer httpGet(const HttpServer& server, const std::string& target,
                          std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  return http(server, {.target = target}, limit);
}

// Sends bytes as they are and returns what came until the other side closed or the time was over.
std::string rawExchange(const HttpServer& server, const std::string& bytes, std::chrono::milliseconds limit);

}  // namespace clusterkit::test
