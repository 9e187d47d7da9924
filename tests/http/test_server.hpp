// A real HttpServer with small endpoints that show what reached them.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/http_server.hpp"
#include "http/router.hpp"

namespace clusterkit::http::test {

inline constexpr std::size_t kStoreLimit = 1024 * 1024;
inline constexpr std::size_t kBigBytes = 8 * 1024 * 1024;

class TestHandler : public RequestHandler {
 public:
  TestHandler();

  std::variant<BodyLimit, Response> admit(const Request& head) override;
  void handle(const Request& request, Responder& responder) override;
  Position position() const override { return {LogIndex(42), Epoch(7)}; }

  // GET /keep gives its responder away: to be answered by a test, from the test's thread.
  Responder takeKept();
  // What PUT /store/{key} has stored, and every request that reached an endpoint: "PUT /store/a".
  std::map<std::string, std::string> stored() const;
  std::vector<std::string> seen() const;

 private:
  void put(Call& call);

  Router router_;
  mutable std::mutex mutex_;
  std::condition_variable kept_;
  std::deque<Responder> responders_;
  std::map<std::string, std::string> stored_;
  std::vector<std::string> seen_;
};

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {});

  std::uint16_t port() const { return server_.port(); }
  TestHandler& handler() { return handler_; }
  HttpServer& server() { return server_; }
  // Whether a new client gets its answer within a second.
  bool answers() const;

 private:
  TestHandler handler_;
  HttpServer server_;
};

ServerOptions onFreePort(ServerOptions options = {});

}  // namespace clusterkit::http::test
