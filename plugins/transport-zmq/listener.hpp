// Our incoming side: one ROUTER that every peer's dealers connect to. Reads frames and answers hellos; who
// may be heard is decided by the caller.
#pragma once

#include <optional>
#include <string>

#include "frame.hpp"
#include "wiring.hpp"

namespace clusterkit::zmq {

class Listener {
 public:
  struct Frame {
    ::zmq::message_t route;  // of the connection it came over; says nothing about who sent it
    ::zmq::message_t bytes;
    std::optional<FrameHeader> header;  // nothing: malformed
    std::string key;                    // Z85 key that this connection has proved; empty without keys
  };

  explicit Listener(Wiring& wiring);

  // Returns what was bound (a port in place of 0). Throws Error: CK_CONFLICT when the address is in use.
  Endpoint bind(const Endpoint& wanted);

  std::optional<Frame> next();  // nothing: all that has arrived is read
  void acknowledge(Frame& hello);
  int descriptor() const;

 private:
  Wiring& wiring_;
  ::zmq::socket_t router_;
};

}  // namespace clusterkit::zmq
