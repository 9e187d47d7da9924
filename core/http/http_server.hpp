// The HTTP server: one thread, any number of clients.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "http/http_stats.hpp"
#include "http/request_handler.hpp"
#include "http/server_options.hpp"

namespace clusterkit::http {

class HttpLoop;

// The address cannot be listened on; the message names it and says why.
class ListenError : public std::runtime_error {
 public:
  enum class Reason : std::uint8_t { AddressInUse, BadAddress, Other };
  ListenError(Reason reason, const std::string& message) : std::runtime_error(message), reason_(reason) {}
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

class HttpServer {
 public:
  // Listens at once and throws ListenError; clients are answered from start() on. `handler` outlives the
  // server.
  HttpServer(ServerOptions options, RequestHandler& handler);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start();
  // Refuses new connections at once, lets answers under way finish for up to two seconds, and returns when
  // the thread has ended. May be called twice; not from the loop's own thread.
  void stop();

  // Tells the server that something has happened which long polls and streams wait for; from any thread, even
  // when the server is gone. Signals that come close together are one.
  std::function<void()> signaller() const;

  std::uint16_t port() const { return port_; }
  const HttpStats& stats() const { return stats_; }

 private:
  HttpStats stats_;
  std::uint16_t port_ = 0;
  std::unique_ptr<HttpLoop> loop_;
  std::thread thread_;
};

}  // namespace clusterkit::http
