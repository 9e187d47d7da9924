// Many clients of one node's event stream on one epoll, and one client that writes values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace clusterkit::bench {

using Clock = std::chrono::steady_clock;

// What became of some writes.
struct Delivery {
  Clock::time_point sent;                   // the first one
  Clock::time_point answered;               // the last one
  std::vector<Clock::time_point> arrivals;  // of the last event at each watcher, in order of time
};

class StreamClients {
 public:
  // Returns when all streams have begun. Throws std::runtime_error when one does not.
  StreamClients(std::uint16_t port, std::size_t count);
  ~StreamClients();
  StreamClients(const StreamClients&) = delete;
  StreamClients& operator=(const StreamClients&) = delete;

  std::size_t size() const { return clients_.size(); }
  // Writes values, each when the one before was answered, until all watchers have an event for each.
  Delivery writeAndWait(std::size_t writes);
  // Until the node has ended every stream; gives how many were told so by a last event.
  std::size_t waitForTheEnd();

 private:
  struct Client {
    int fd = -1;
    std::string input;       // not yet a whole block
    std::size_t blocks = 0;  // openings and comments
    std::size_t events = 0;  // with data
    std::string last;        // the type of the last one
    Clock::time_point lastAt;
  };

  void watch(int fd, std::uint32_t number);
  // Reads whatever is there; waits this long for something.
  void turn(std::chrono::milliseconds time);
  template <class Condition>
  void await(const char* failure, Condition condition);
  void read(Client& client);
  void readWriter();
  void sendWrite();

  const std::uint16_t port_;
  int epoll_ = -1;
  int writer_ = -1;
  std::size_t answers_ = 0;
  Clock::time_point answeredAt_;
  std::size_t written_ = 0;
  std::vector<Client> clients_;
};

}  // namespace clusterkit::bench
