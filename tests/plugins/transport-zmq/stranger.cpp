#include "stranger.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <chrono>
#include <stdexcept>
#include <utility>

namespace clusterkit::test {

Stranger::Stranger(const std::string& endpoint, const std::string& routingId, const StrangerKeys& keys)
    : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
  const int linger = 0, immediate = 1;
  zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof linger);
  zmq_setsockopt(socket_, ZMQ_IMMEDIATE, &immediate, sizeof immediate);
  if (!routingId.empty()) zmq_setsockopt(socket_, ZMQ_ROUTING_ID, routingId.data(), routingId.size());
  if (!keys.serverKey.empty()) {
    zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, keys.serverKey.c_str(), 41);
    zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, keys.publicKey.c_str(), 41);
    zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.secretKey.c_str(), 41);
  }
  if (zmq_connect(socket_, ("tcp://" + endpoint).c_str()) != 0) throw std::runtime_error("connect");
}

Stranger::~Stranger() {
  zmq_close(socket_);
  zmq_ctx_term(context_);
}

bool Stranger::send(const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (zmq_send(socket_, parts[i].data(), parts[i].size(),
                 ZMQ_DONTWAIT | (i + 1 < parts.size() ? ZMQ_SNDMORE : 0)) < 0)
      return false;
  return true;
}

std::string Stranger::receive(int milliseconds) {
  zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &milliseconds, sizeof milliseconds);
  char bytes[4096];
  const int got = zmq_recv(socket_, bytes, sizeof bytes, 0);
  return got <= 0 ? "" : std::string(bytes, static_cast<std::size_t>(got));
}

KeyPairText newKeys() {
  char publicKey[41], secretKey[41];
  if (zmq_curve_keypair(publicKey, secretKey) != 0) throw std::runtime_error("libzmq has no CURVE");
  return {publicKey, secretKey};
}

std::string frameBytes(int kind, int lane, std::uint64_t from, std::uint64_t to, std::uint64_t session,
                       std::uint64_t sequence, const std::string& payload) {
  std::string bytes{1, static_cast<char>(kind), static_cast<char>(lane), 0, 0, 0, 0, 0};
  for (const std::uint64_t number : {from, to, session, sequence})
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes + payload;
}

TcpStranger::TcpStranger(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect");
}

TcpStranger::~TcpStranger() {
  if (fd_ >= 0) ::close(fd_);
}

TcpStranger::TcpStranger(TcpStranger&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

void TcpStranger::send(const std::string& bytes) { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

SpeakingServer::SpeakingServer(std::uint16_t port, std::string greeting)
    : greeting_(std::move(greeting)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 16) != 0)
    throw std::runtime_error("the server cannot listen");
  thread_ = std::thread([this] {
    while (!ending_) {
      pollfd wait{listener_, POLLIN, 0};
      if (::poll(&wait, 1, 5) <= 0) continue;
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      ::send(client, greeting_.data(), greeting_.size(), MSG_NOSIGNAL);
      ::close(client);
      ++accepted_;
    }
  });
}

SpeakingServer::~SpeakingServer() {
  ending_ = true;
  thread_.join();
  ::close(listener_);
}

bool TcpStranger::cutWithin(int milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    char bytes[4096];
    if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
  }
}

}  // namespace clusterkit::test
