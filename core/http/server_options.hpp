// What an HTTP server allows its clients. The defaults are the documented limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "http/request_parser.hpp"

namespace clusterkit::http {

struct ServerOptions {
  // "127.0.0.1:8080", "[::1]:8080"; ":8080" means loopback; port 0 takes a free one.
  std::string listen = "127.0.0.1:8080";
  ParserLimits parser;
  std::size_t maxConnections = 4096;
  std::size_t maxConnectionsPerSource = 1024;  // per client address
  std::size_t bodyBytesInFlight = 256 * 1024 * 1024;
  std::size_t streamBacklogBytes = 256 * 1024;       // of a stream, sent but not yet read by its client
  std::chrono::milliseconds requestTimeout{10000};   // from the first byte of a request to its last
  std::chrono::milliseconds answerTimeout{30000};    // for a handler that does not say otherwise
  std::chrono::milliseconds writeTimeout{20000};     // without any progress
  std::chrono::milliseconds idleTimeout{60000};      // between requests
  std::chrono::milliseconds streamHeartbeat{15000};  // after the last thing that was sent
  std::chrono::milliseconds drainTimeout{2000};      // reading on after an answer that ends the connection
};

}  // namespace clusterkit::http
