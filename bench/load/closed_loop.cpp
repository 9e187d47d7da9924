#include "load/closed_loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace clusterkit::bench {
namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }
  int number() const { return number_; }

 private:
  int number_;
};

class Client {
 public:
  Client(std::uint16_t port, MakeWire makeWire, std::size_t valueBytes)
      : socket_(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")),
        wire_(makeWire("127.0.0.1:" + std::to_string(port), valueBytes)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::connect(socket_.number(), reinterpret_cast<sockaddr*>(&to), sizeof to), "connect");
    const int on = 1;
    check(::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
  }

  int socket() const { return socket_.number(); }
  Round::Clock::time_point asked() const { return asked_; }

  void ask(const Request& request) {
    asked_ = Round::Clock::now();
    wire_->ask(request, out_);
    send();
  }

  // Reads what is there; true when the answer is complete.
  bool hear() {
    std::array<char, 16384> bytes;
    const auto length = check(static_cast<int>(::recv(socket(), bytes.data(), bytes.size(), 0)), "recv");
    if (length == 0) throw WireError("the connection was closed");
    const bool done = wire_->hear({bytes.data(), static_cast<std::size_t>(length)}, out_);
    send();
    return done;
  }

 private:
  // One request fits the socket's buffer many times over, so this does not block.
  void send() {
    for (std::string_view left = out_; !left.empty();)
      left.remove_prefix(static_cast<std::size_t>(
          check(static_cast<int>(::send(socket(), left.data(), left.size(), MSG_NOSIGNAL)), "send")));
    out_.clear();
  }

  Descriptor socket_;
  std::unique_ptr<Wire> wire_;
  std::string out_;
  Round::Clock::time_point asked_;
};

class ClosedLoop {
 public:
  ClosedLoop(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load)
      : poll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
    for (std::size_t i = 0; i < load.clients; ++i)
      clients_.push_back(std::make_unique<Client>(ports[i % ports.size()], makeWire, load.valueBytes));
    for (const auto& client : clients_) {
      epoll_event event{.events = EPOLLIN, .data = {.ptr = client.get()}};
      check(::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, client->socket(), &event), "epoll_ctl");
    }
  }

  void run(Round& round) {
    for (const auto& client : clients_) client->ask(round.draw());
    std::array<epoll_event, 256> events;
    while (!round.over()) {
      const int ready = ::epoll_wait(poll_.number(), events.data(), static_cast<int>(events.size()),
                                     static_cast<int>(kStall.count()));
      if (ready == 0) throw WireError("no answer for " + std::to_string(kStall.count()) + " ms");
      if (ready < 0 && errno != EINTR) check(ready, "epoll_wait");
      for (int i = 0; i < ready; ++i)
        turn(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr), round);
    }
  }

 private:
  static void turn(Client& client, Round& round) {
    if (!client.hear()) return;
    round.answered(client.asked());
    client.ask(round.draw());
  }

  Descriptor poll_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace

Measured drive(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load) {
  ClosedLoop clients(ports, makeWire, load);
  Round round(load);
  clients.run(round);
  return round.measured();
}

}  // namespace clusterkit::bench
