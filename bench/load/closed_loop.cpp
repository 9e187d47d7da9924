#include "load/closed_loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <system_error>

namespace clusterkit::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStallMs = 10000;  // nothing from anyone for so long: the cluster has stopped

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
  Clock::time_point asked() const { return asked_; }

  void ask(const Request& request) {
    asked_ = Clock::now();
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
  Clock::time_point asked_;
};

class ClosedLoop {
 public:
  ClosedLoop(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load)
      : load_(load), value_(load.valueBytes, 'v'), poll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll")) {
    for (std::size_t i = 0; i < load.clients; ++i)
      clients_.push_back(std::make_unique<Client>(ports[i % ports.size()], makeWire, load.valueBytes));
    for (const auto& client : clients_) {
      epoll_event event{.events = EPOLLIN, .data = {.ptr = client.get()}};
      check(::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, client->socket(), &event), "epoll_ctl");
      next(*client);
    }
  }

  Measured run() {
    from_ = Clock::now() + load_.warmUp;
    const auto end = from_ + load_.measured;
    std::array<epoll_event, 256> events;
    while (Clock::now() < end) {
      const int ready =
          ::epoll_wait(poll_.number(), events.data(), static_cast<int>(events.size()), kStallMs);
      if (ready == 0) throw WireError("no answer for " + std::to_string(kStallMs) + " ms");
      if (ready < 0 && errno != EINTR) check(ready, "epoll_wait");
      for (int i = 0; i < ready; ++i)
        turn(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    return measured();
  }

 private:
  void next(Client& client) {
    key_ = "bench-" + std::to_string(dice_() % load_.keys);
    client.ask({load_.work, key_, load_.work == Work::put ? std::string_view(value_) : std::string_view()});
  }

  void turn(Client& client) {
    if (!client.hear()) return;
    const auto now = Clock::now();
    if (now >= from_)
      latencies_.push_back(std::chrono::duration<float, std::milli>(now - client.asked()).count());
    next(client);
  }

  Measured measured() {
    if (latencies_.empty()) throw WireError("nothing was answered within the round");
    std::sort(latencies_.begin(), latencies_.end());
    const auto at = [this](std::size_t percent) {
      return static_cast<double>(latencies_[(latencies_.size() - 1) * percent / 100]);
    };
    const double seconds = std::chrono::duration<double>(load_.measured).count();
    return {static_cast<double>(latencies_.size()) / seconds, at(50), at(99), at(100)};
  }

  Load load_;
  std::string value_, key_;
  std::minstd_rand dice_{1};
  Descriptor poll_;
  std::vector<std::unique_ptr<Client>> clients_;
  Clock::time_point from_;
  std::vector<float> latencies_;
};

}  // namespace

Measured drive(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load) {
  return ClosedLoop(ports, makeWire, load).run();
}

}  // namespace clusterkit::bench
