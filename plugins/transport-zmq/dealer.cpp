#include "dealer.hpp"

#include <cstring>

namespace clusterkit::zmq {
namespace {

constexpr int watchedEvents = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                              ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                              ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

// Messages libzmq may hold per connection. Few on the control lane: what waits with us can still expire.
constexpr int highWaterMark(std::uint32_t lane) {
  switch (lane) {
    case CK_LANE_CONTROL: return 64;
    case CK_LANE_LOG: return 1024;
    default: return 16;
  }
}

// A connection carries nothing but small acknowledgements back to its dealer.
constexpr std::int64_t largestReply = 1024;

void setLiveness(::zmq::socket_t& dealer, std::uint32_t lane, int heartbeatMs) {
  if (lane == CK_LANE_CONTROL) {
    // Only here: behind a large message a heartbeat comes late, and a good connection would be cut for it.
    dealer.set(::zmq::sockopt::heartbeat_ivl, heartbeatMs);
    dealer.set(::zmq::sockopt::heartbeat_timeout, 3 * heartbeatMs);
    dealer.set(::zmq::sockopt::heartbeat_ttl, 4 * heartbeatMs);
  }
  dealer.set(::zmq::sockopt::tcp_maxrt, 10'000);  // bytes unacknowledged for so long: the other host is gone
  dealer.set(::zmq::sockopt::tcp_keepalive, 1);
  dealer.set(::zmq::sockopt::tcp_keepalive_idle, 5);
  dealer.set(::zmq::sockopt::tcp_keepalive_intvl, 2);
  dealer.set(::zmq::sockopt::tcp_keepalive_cnt, 3);
}

}  // namespace

Monitor::Monitor(Wiring& wiring, ::zmq::socket_t& watched)
    : watched_(watched.handle()), events_(wiring.context, ZMQ_PAIR) {
  const std::string name = "inproc://monitor-" + std::to_string(++wiring.monitors);
  if (zmq_socket_monitor(watched.handle(), name.c_str(), watchedEvents) != 0) throw ::zmq::error_t();
  events_.set(::zmq::sockopt::linger, 0);
  events_.connect(name);
}

// First the source, then the reader: libzmq tells events with a blocking send, and without a reader its one
// thread would hang in it for ever, and every connection with it.
Monitor::~Monitor() { zmq_socket_monitor(watched_, nullptr, 0); }

std::optional<ConnectionEvent> Monitor::next() {
  ::zmq::message_t event, address;
  while (events_.recv(event, ::zmq::recv_flags::dontwait)) {
    if (event.more()) (void)events_.recv(address, ::zmq::recv_flags::dontwait);
    std::uint16_t number = 0;
    if (event.size() >= sizeof number) std::memcpy(&number, event.data(), sizeof number);
    switch (number) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return ConnectionEvent::ready;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return ConnectionEvent::refused;
      case ZMQ_EVENT_DISCONNECTED:
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return ConnectionEvent::lost;
      default: break;
    }
  }
  return std::nullopt;
}

int Monitor::descriptor() const { return descriptorOf(events_); }

::zmq::socket_t makeDealer(Wiring& wiring, std::uint32_t lane, const Target& target) {
  ::zmq::socket_t dealer(wiring.context, ZMQ_DEALER);
  ++wiring.dealers;
  dealer.set(::zmq::sockopt::linger, 0);
  dealer.set(::zmq::sockopt::immediate, true);
  dealer.set(::zmq::sockopt::sndhwm, highWaterMark(lane));
  dealer.set(::zmq::sockopt::rcvhwm, 64);
  dealer.set(::zmq::sockopt::maxmsgsize, largestReply);
  // No back-off: a refused connection costs little, and a node that restarts must be reached well within an
  // election timeout. libzmq adds up to the interval at random.
  dealer.set(::zmq::sockopt::reconnect_ivl, 50);
  dealer.set(::zmq::sockopt::connect_timeout, 1000);
  dealer.set(::zmq::sockopt::handshake_ivl, 2000);
  setLiveness(dealer, lane, static_cast<int>(wiring.settings.heartbeat.count()));
  if (target.address.starts_with("tcp://[")) dealer.set(::zmq::sockopt::ipv6, true);
  if (wiring.settings.keys.present()) {
    dealer.set(::zmq::sockopt::curve_serverkey, target.key);
    dealer.set(::zmq::sockopt::curve_publickey, wiring.settings.keys.publicKey);
    dealer.set(::zmq::sockopt::curve_secretkey, wiring.settings.keys.secretKey);
  }
  return dealer;
}

void connectTo(::zmq::socket_t& dealer, const Target& target) { dealer.connect(target.address); }

int descriptorOf(const ::zmq::socket_t& socket) { return socket.get(::zmq::sockopt::fd); }

bool canSend(const ::zmq::socket_t& socket) {
  return (socket.get(::zmq::sockopt::events) & ZMQ_POLLOUT) != 0;
}

}  // namespace clusterkit::zmq
