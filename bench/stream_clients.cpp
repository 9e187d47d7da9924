#include "stream_clients.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace clusterkit::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kWriter = 0xffffffff;
constexpr auto kPatience = 60s;  // for all clients together to get what they wait for
constexpr std::string_view kRequest =
    "GET /v1/events?types=value_change HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n";

int connectTo(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to the node");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void sendAll(int fd, std::string_view bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("cannot send a request");
}

}  // namespace

StreamClients::StreamClients(std::uint16_t port, std::size_t count)
    : port_(port), epoll_(::epoll_create1(EPOLL_CLOEXEC)), clients_(count) {
  for (std::uint32_t number = 0; number < count; ++number) {
    clients_[number].fd = connectTo(port_);
    sendAll(clients_[number].fd, kRequest);
    watch(clients_[number].fd, number);
    turn(0ms);
  }
  await("some streams did not begin", [this] {
    return std::all_of(clients_.begin(), clients_.end(),
                       [](const Client& client) { return client.blocks > 0; });
  });
}

StreamClients::~StreamClients() {
  for (const Client& client : clients_)
    if (client.fd >= 0) ::close(client.fd);
  if (writer_ >= 0) ::close(writer_);
  ::close(epoll_);
}

Delivery StreamClients::writeAndWait(std::size_t writes) {
  for (Client& client : clients_) client.events = 0;
  writer_ = connectTo(port_);  // anew each time: the node closes connections that are idle for long
  watch(writer_, kWriter);
  answers_ = 0;
  Delivery delivery;
  delivery.sent = Clock::now();
  sendWrite();
  std::size_t sent = 1;
  await("some watchers did not hear of all writes", [&] {
    if (answers_ == sent && sent < writes) {
      sendWrite();
      ++sent;
    }
    return answers_ == writes && std::all_of(clients_.begin(), clients_.end(),
                                             [&](const Client& client) { return client.events >= writes; });
  });
  ::close(std::exchange(writer_, -1));
  delivery.answered = answeredAt_;
  for (const Client& client : clients_) delivery.arrivals.push_back(client.lastAt);
  std::sort(delivery.arrivals.begin(), delivery.arrivals.end());
  return delivery;
}

std::size_t StreamClients::waitForTheEnd() {
  await("some streams did not end", [this] {
    return std::all_of(clients_.begin(), clients_.end(), [](const Client& client) { return client.fd < 0; });
  });
  return static_cast<std::size_t>(std::count_if(clients_.begin(), clients_.end(),
                                                [](const Client& client) { return client.last == "end"; }));
}

template <class Condition>
void StreamClients::await(const char* failure, Condition condition) {
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (!condition()) {
    if (Clock::now() > deadline) throw std::runtime_error(failure);
    turn(100ms);
  }
}

void StreamClients::watch(int fd, std::uint32_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = number;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void StreamClients::turn(std::chrono::milliseconds time) {
  std::array<epoll_event, 512> ready;
  const int count =
      ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), static_cast<int>(time.count()));
  for (int i = 0; i < count; ++i) {
    const std::uint32_t number = ready[static_cast<std::size_t>(i)].data.u32;
    if (number == kWriter)
      readWriter();
    else
      read(clients_[number]);
  }
}

void StreamClients::read(Client& client) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::recv(client.fd, buffer.data(), buffer.size(), 0);
  const Clock::time_point now = Clock::now();
  if (got <= 0) {
    ::close(client.fd);
    client.fd = -1;
    return;
  }
  client.input.append(buffer.data(), static_cast<std::size_t>(got));
  std::size_t end = 0;
  while ((end = client.input.find("\n\n")) != std::string::npos) {
    const std::string block = client.input.substr(0, end);
    client.input.erase(0, end + 2);
    const std::size_t type = block.find("event: ");
    if (type == std::string::npos) {
      ++client.blocks;
      continue;
    }
    ++client.events;
    client.last = block.substr(type + 7, block.find('\n', type) - type - 7);
    client.lastAt = now;
  }
}

void StreamClients::readWriter() {
  std::array<char, 16384> buffer;
  const ssize_t got = ::recv(writer_, buffer.data(), buffer.size(), 0);
  if (got <= 0) throw std::runtime_error("the node closed the writer's connection");
  const std::string_view answer(buffer.data(), static_cast<std::size_t>(got));
  if (!answer.starts_with("HTTP/1.1 200"))
    throw std::runtime_error("a write was refused: " + std::string(answer));
  answeredAt_ = Clock::now();
  ++answers_;
}

void StreamClients::sendWrite() {
  sendAll(writer_, "PUT /v1/kv/bench HTTP/1.1\r\nHost: bench\r\nContent-Length: 8\r\n\r\n" +
                       std::to_string(10'000'000 + ++written_));
}

}  // namespace clusterkit::bench
