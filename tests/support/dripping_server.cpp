#include "support/dripping_server.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>
#include <vector>

namespace clusterkit::test {

DrippingServer::DrippingServer(std::chrono::milliseconds pause) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const at = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, at, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, at, &size) != 0)
    throw std::runtime_error("no port of the loopback is free");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, pause] { run(pause); });
}

DrippingServer::~DrippingServer() {
  stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void DrippingServer::run(std::chrono::milliseconds pause) {
  // A head that never ends: another header letter each time.
  constexpr std::string_view kBegin = "HTTP/1.1 200 OK\r\nX: ";
  struct Client {
    int socket;
    std::size_t sent;
  };
  std::vector<Client> clients;
  while (!stopping_) {
    pollfd news{listener_, POLLIN, 0};
    if (::poll(&news, 1, static_cast<int>(pause.count())) == 1)
      if (const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); socket >= 0)
        clients.push_back({socket, 0});
    for (Client& client : clients) {
      const char byte = client.sent < kBegin.size() ? kBegin[client.sent] : 'x';
      ++client.sent;
      if (::send(client.socket, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) ++dripped_;
    }
  }
  for (const Client& client : clients) ::close(client.socket);
}

}  // namespace clusterkit::test
