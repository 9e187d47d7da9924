// Decides which CURVE keys may connect (ZeroMQ RFC 27), inside our context and on our thread.
#pragma once

#include <functional>
#include <string>

#include "wiring.hpp"

namespace clusterkit::zmq {

// Makes the socket refuse every connection that the handler did not admit, also when there is no handler.
void requireZap(::zmq::socket_t& socket);

class ZapHandler {
 public:
  explicit ZapHandler(Wiring& wiring);

  // Answers all waiting requests. `admits` gets the Z85 key.
  void service(const std::function<bool(const std::string&)>& admits);
  int descriptor() const;

 private:
  Wiring& wiring_;
  ::zmq::socket_t socket_;
};

}  // namespace clusterkit::zmq
