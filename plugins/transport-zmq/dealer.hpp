// One outgoing connection and, for the control lane, the monitor that tells what becomes of it.
#pragma once

#include <optional>
#include <string>
#include <zmq.hpp>

#include "wiring.hpp"

namespace clusterkit::zmq {

struct Target {
  std::string address;  // "tcp://1.2.3.4:5"; empty while it is not known
  std::string key;      // Z85 key of the other side; empty when no keys are used
  bool named = false;   // the address came from a name, which may lead elsewhere later

  bool operator==(const Target&) const = default;
};

enum class ConnectionEvent { ready, refused, lost };

// To be destroyed before the socket that it watches.
class Monitor {
 public:
  Monitor(Wiring& wiring, ::zmq::socket_t& watched);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  std::optional<ConnectionEvent> next();  // nothing when all that has happened so far is told
  int descriptor() const;

 private:
  void* const watched_;
  ::zmq::socket_t events_;
};

// Unconnected, with every option set; connect it with `connectTo` once a monitor watches it.
::zmq::socket_t makeDealer(Wiring& wiring, std::uint32_t lane, const Target& target);
void connectTo(::zmq::socket_t& dealer, const Target& target);

int descriptorOf(const ::zmq::socket_t& socket);
// Conclusive: runs what waits in the socket's mailbox first, so it may be trusted before going to sleep.
bool canSend(const ::zmq::socket_t& socket);

}  // namespace clusterkit::zmq
