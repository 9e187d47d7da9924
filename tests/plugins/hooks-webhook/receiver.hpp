// A receiver of webhooks that can misbehave: raw sockets, one thread per connection, each running the test's
// script.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace clusterkit::webhook {

struct Received {
  std::string line;                            // "POST /hook HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One accepted connection, in the hands of the script.
class Visitor {
 public:
  Visitor(int descriptor, int number, SSL* tls) : descriptor_(descriptor), number_(number), tls_(tls) {}

  int number() const { return number_; }  // from 1, in the order of the connections
  // The next request, or nothing when the other side has closed.
  std::optional<Received> read();
  // False when nobody takes it any more.
  bool send(const std::string& bytes);
  // Returns when the other side has closed; what it sends meanwhile is dropped.
  void waitForEnd();

 private:
  bool more();  // appends to buffer_
  int descriptor_, number_;
  SSL* tls_;
  std::string buffer_;
};

// PEM files; see credentials.hpp.
struct ReceiverTls {
  std::string certFile, keyFile;
  std::string clientCaFile = {};  // not empty: asks for a certificate that this authority has signed
};

class Receiver {
 public:
  using Script = std::function<void(Visitor&)>;

  explicit Receiver(Script script, std::optional<ReceiverTls> tls = std::nullopt);
  ~Receiver();

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/hook") const;
  int connections() const { return connections_; }

  // For use in scripts: answers every request with these bytes until the other side closes.
  static Script always(const std::string& answer);

 private:
  void acceptAll();
  void serve(int descriptor, int number);

  Script script_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_;
  std::uint16_t port_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> visits_;  // the accepting thread's
  std::atomic<bool> ending_{false};
  std::thread acceptor_;
};

// "HTTP/1.1 STATUS X" with the extra header lines ("Retry-After: 3\r\n") and an empty body.
std::string answer(int status, const std::string& headers = "");

}  // namespace clusterkit::webhook
