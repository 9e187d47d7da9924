#include "listener.hpp"

#include <cerrno>

#include "dealer.hpp"
#include "zap.hpp"

namespace clusterkit::zmq {
namespace {

[[noreturn]] void throwBindError(const Endpoint& wanted, const ::zmq::error_t& error) {
  const std::string address = toText(wanted);
  switch (error.num()) {
    case EADDRINUSE: throw Error(CK_CONFLICT, address + " is in use by another process", EADDRINUSE);
    case EACCES: throw Error(CK_DENIED, "no permission to listen on " + address, EACCES);
    case EADDRNOTAVAIL:
    case ENODEV: throw Error(CK_INVALID, address + " is no address of this machine", error.num());
    case EINVAL: throw Error(CK_INVALID, "cannot listen on " + address + ": no such host", EINVAL);
    default: throw Error(CK_IO, "cannot listen on " + address + ": " + error.what(), error.num());
  }
}

}  // namespace

Listener::Listener(Wiring& wiring) : wiring_(wiring), router_(wiring.context, ZMQ_ROUTER) {
  router_.set(::zmq::sockopt::linger, 0);
  router_.set(::zmq::sockopt::router_mandatory, true);
  router_.set(::zmq::sockopt::maxmsgsize,
              static_cast<std::int64_t>(wiring.settings.maxMessage + frameHeaderSize));
  router_.set(::zmq::sockopt::handshake_ivl, 2000);
  router_.set(::zmq::sockopt::rcvhwm, 1000);
  router_.set(::zmq::sockopt::sndhwm, 16);  // acknowledgements only: who does not read them gets no more
  router_.set(::zmq::sockopt::backlog, 128);
  router_.set(::zmq::sockopt::tcp_keepalive, 1);
  router_.set(::zmq::sockopt::tcp_keepalive_idle, 5);
  router_.set(::zmq::sockopt::tcp_keepalive_intvl, 2);
  router_.set(::zmq::sockopt::tcp_keepalive_cnt, 3);
  if (wiring.settings.keys.present()) {
    requireZap(router_);
    router_.set(::zmq::sockopt::curve_server, true);
    router_.set(::zmq::sockopt::curve_secretkey, wiring.settings.keys.secretKey);
  }
}

Endpoint Listener::bind(const Endpoint& wanted) {
  if (isIpv6(wanted.host)) router_.set(::zmq::sockopt::ipv6, true);
  try {
    router_.bind(toTcpAddress(wanted));
  } catch (const ::zmq::error_t& error) {
    throwBindError(wanted, error);
  }
  const std::string bound = router_.get(::zmq::sockopt::last_endpoint);
  return {wanted.host, parseEndpoint(bound.substr(bound.rfind(':')), wanted.host).port};
}

std::optional<Listener::Frame> Listener::next() {
  Frame frame;
  if (!router_.recv(frame.route, ::zmq::recv_flags::dontwait)) return std::nullopt;
  bool whole = frame.route.more() && router_.recv(frame.bytes, ::zmq::recv_flags::dontwait);
  if (whole && frame.bytes.more()) {
    // Ours have one part. A message becomes readable only when all of it is here, so this ends.
    whole = false;
    ::zmq::message_t rest;
    while (router_.recv(rest, ::zmq::recv_flags::dontwait) && rest.more()) continue;
  }
  if (!whole) return frame;
  frame.header = decode(static_cast<const std::uint8_t*>(frame.bytes.data()), frame.bytes.size());
  if (wiring_.settings.keys.present()) {
    const char* proved = zmq_msg_gets(frame.bytes.handle(), "User-Id");
    if (proved != nullptr) frame.key = proved;
  }
  return frame;
}

void Listener::acknowledge(Frame& hello) {
  const FrameHeader& asked = *hello.header;
  ::zmq::message_t answer(frameHeaderSize);
  encode({FrameKind::helloAck, asked.lane, wiring_.localMember, asked.from, 0, asked.sequence},
         static_cast<std::uint8_t*>(answer.data()));
  try {
    if (router_.send(hello.route, ::zmq::send_flags::sndmore | ::zmq::send_flags::dontwait))
      (void)router_.send(answer, ::zmq::send_flags::dontwait);
  } catch (const ::zmq::error_t& gone) {
    // EHOSTUNREACH: the connection ended meanwhile; whoever asked will ask again.
    if (gone.num() != EHOSTUNREACH) throw;
  }
}

int Listener::descriptor() const { return descriptorOf(router_); }

}  // namespace clusterkit::zmq
