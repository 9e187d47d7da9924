#include "tcp_proxy.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace clusterkit::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t listenPort, std::uint16_t targetPort)
    : targetPort_(targetPort), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(listenPort);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0)
    throw std::runtime_error("the proxy cannot listen");
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  ending_ = true;
  thread_.join();
  for (const Connection& c : connections_) {
    ::close(c.client);
    if (c.server >= 0) ::close(c.server);
  }
  ::close(listener_);
}

void TcpProxy::starveOpenConnections() {
  const std::lock_guard lock(mutex_);
  for (Connection& c : connections_) c.starved = true;
}

void TcpProxy::refuseNewConnections() { starveNew_ = true; }

void TcpProxy::run() {
  while (!ending_) {
    std::vector<pollfd> waits{{listener_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const Connection& c : connections_) {
        if (c.starved) continue;
        waits.push_back({c.client, POLLIN, 0});
        waits.push_back({c.server, POLLIN, 0});
      }
    }
    if (::poll(waits.data(), waits.size(), 5) <= 0) continue;
    if (waits[0].revents != 0) accept();
    const std::lock_guard lock(mutex_);
    for (const pollfd& w : waits) {
      if (w.fd == listener_ || w.revents == 0) continue;
      for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        if (it->starved || (it->client != w.fd && it->server != w.fd)) continue;
        if (!pass(w.fd, it->client == w.fd ? it->server : it->client)) {
          ::close(it->client);
          ::close(it->server);
          connections_.erase(it);
        }
        break;
      }
    }
  }
}

void TcpProxy::accept() {
  Connection c;
  c.client = ::accept(listener_, nullptr, nullptr);
  if (c.client < 0) return;
  c.starved = starveNew_;
  if (!c.starved) {
    c.server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(targetPort_);
    if (::connect(c.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(c.client);
      ::close(c.server);
      return;
    }
  }
  const std::lock_guard lock(mutex_);
  connections_.push_back(c);
}

bool TcpProxy::pass(int from, int to) {
  char bytes[65536];
  const ssize_t got = ::recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
  if (got <= 0) return false;
  return ::send(to, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
}

}  // namespace clusterkit::test
