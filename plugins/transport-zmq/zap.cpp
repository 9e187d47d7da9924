#include "zap.hpp"

#include <vector>

#include "dealer.hpp"
#include "keys.hpp"

namespace clusterkit::zmq {
namespace {

constexpr const char* domain = "clusterkit";

// In the stable library as option 93, but its name is only shown to those who ask for draft features.
constexpr int zapEnforceDomain = 93;

}  // namespace

void requireZap(::zmq::socket_t& socket) {
  socket.set(::zmq::sockopt::zap_domain, domain);
  const int on = 1;
  if (zmq_setsockopt(socket.handle(), zapEnforceDomain, &on, sizeof on) != 0)
    throw Error(CK_UNSUPPORTED, "this libzmq cannot enforce authentication", zmq_errno());
}

ZapHandler::ZapHandler(Wiring& wiring) : wiring_(wiring), socket_(wiring.context, ZMQ_REP) {
  socket_.set(::zmq::sockopt::linger, 0);
  socket_.bind("inproc://zeromq.zap.01");
}

void ZapHandler::service(const std::function<bool(const std::string&)>& admits) {
  // version, request id, domain, address, routing id, mechanism, credentials
  constexpr std::size_t requestId = 1, mechanism = 5, credentials = 6, requestParts = 7;
  std::vector<::zmq::message_t> parts;
  ::zmq::message_t part;
  while (socket_.recv(part, ::zmq::recv_flags::dontwait)) {
    const bool more = part.more();
    parts.push_back(std::move(part));
    if (more) continue;
    const bool isCurve = parts.size() == requestParts && parts[mechanism].to_string_view() == "CURVE" &&
                         parts[credentials].size() == keyBytes;
    const std::string key = isCurve ? toZ85(parts[credentials].data()) : "";
    const bool admitted = isCurve && admits(key);
    if (!admitted) wiring_.refusals.note(Refusal::unauthorized, 0);
    socket_.send(::zmq::buffer("1.0", 3), ::zmq::send_flags::sndmore);
    socket_.send(parts.size() > requestId ? parts[requestId] : parts.front(), ::zmq::send_flags::sndmore);
    socket_.send(::zmq::buffer(admitted ? "200" : "400", 3), ::zmq::send_flags::sndmore);
    socket_.send(::zmq::str_buffer(""), ::zmq::send_flags::sndmore);
    socket_.send(::zmq::buffer(key), ::zmq::send_flags::sndmore);  // becomes the User-Id of each message
    socket_.send(::zmq::str_buffer(""), ::zmq::send_flags::none);
    parts.clear();
  }
}

int ZapHandler::descriptor() const { return descriptorOf(socket_); }

}  // namespace clusterkit::zmq
