// A small blocking HTTP client: for the joiner, the command line and tests. One connection, kept alive
// between requests. Any thread, one at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace clusterkit::http {

// Nobody answered: refused, timed out, or no HTTP. `sent`: whether the request may have reached the server.
class ClientError : public std::runtime_error {
 public:
  enum class Reached : std::uint8_t { No, Possibly };
  ClientError(Reached reached, const std::string& message) : std::runtime_error(message), reached_(reached) {}
  Reached reached() const { return reached_; }

 private:
  Reached reached_;
};

struct ClientAnswer {
  int status = 0;
  Headers headers;
  std::string body;
};

// A server that sends a byte now and then is cut off by `whole`.
struct ClientTimeouts {
  std::chrono::milliseconds connect{2000};  // not counting the resolution of a name
  std::chrono::milliseconds answer{15000};  // between bytes
  std::chrono::milliseconds whole{60000};   // from the call to the last byte
};

// Ends, from any thread, the request that a client waits for and all later ones: with a ClientError, at once
// or, while a connection is being made, within its timeout.
class AbortSwitch {
 public:
  void abort() noexcept { aborted_ = true; }
  bool aborted() const noexcept { return aborted_; }

 private:
  std::atomic<bool> aborted_{false};
};

// Whether a client can be made for it: "host:port" with a port from 1.
bool isAddress(const std::string& text);

class HttpClient {
 public:
  // "host:port" or "http://host:port". Throws std::invalid_argument for anything else.
  explicit HttpClient(const std::string& address, ClientTimeouts timeouts = {},
                      std::shared_ptr<const AbortSwitch> abort = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `target` is percent-encoded. Throws ClientError. Follows no redirects, repeats nothing by itself but a
  // GET whose kept-alive connection had been closed by the server.
  ClientAnswer get(const std::string& target, const std::vector<Header>& headers = {});
  ClientAnswer put(const std::string& target, const std::string& body,
                   const std::vector<Header>& headers = {});
  // A body that is not empty is sent as application/json unless a header says otherwise.
  ClientAnswer post(const std::string& target, const std::string& body,
                    const std::vector<Header>& headers = {});
  ClientAnswer del(const std::string& target, const std::vector<Header>& headers = {});

  const std::string& address() const { return address_; }

 private:
  struct Session;  // keeps Poco's headers out of this one
  ClientAnswer send(Method method, const std::string& target, const std::string& body,
                    const std::vector<Header>& headers);

  std::string address_;
  std::unique_ptr<Session> session_;
};

}  // namespace clusterkit::http
