// What a client says and hears on one connection: one request at a time, over one protocol.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace clusterkit::bench {

enum class Work { put, linearizableRead, localRead };

struct Request {
  Work work;
  std::string_view key;
  std::string_view value;  // of a put
};

// The peer broke the protocol or said that a request failed: such a round measures nothing.
struct WireError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Wire {
 public:
  virtual ~Wire() = default;

  // Appends the bytes of a request to `out`. The one before must have been answered.
  virtual void ask(const Request& request, std::string& out) = 0;
  // Takes bytes from the peer, and appends what the protocol itself has to say to `out`. True when the answer
  // is complete. Throws WireError unless it is a success that holds a whole value, where one was read.
  virtual bool hear(std::string_view bytes, std::string& out) = 0;
};

// `host` as in "127.0.0.1:7600"; a read must hold at least `valueBytes`.
std::unique_ptr<Wire> httpWire(const std::string& host, std::size_t valueBytes);
std::unique_ptr<Wire> grpcWire(const std::string& host, std::size_t valueBytes);

}  // namespace clusterkit::bench
