// Two connected sockets of no network, for what speaks to a peer by Poco.
#pragma once

#include <Poco/Net/StreamSocket.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace clusterkit::fuzz {

// It has no address to tell.
class PairedSocket : public Poco::Net::StreamSocketImpl {
 public:
  explicit PairedSocket(int descriptor) : StreamSocketImpl(descriptor) {}
  Poco::Net::SocketAddress peerAddress() override { return {"127.0.0.1", 50000}; }
};

inline std::pair<Poco::Net::StreamSocket, Poco::Net::StreamSocket> makePairedSockets() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  return {Poco::Net::StreamSocket(new PairedSocket(ends[0])),
          Poco::Net::StreamSocket(new PairedSocket(ends[1]))};
}

}  // namespace clusterkit::fuzz
