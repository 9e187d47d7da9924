// Connections that wait for their next request. Bounded by how many deliveries run at once, and by kMost.
#pragma once

#include <chrono>
#include <clusterkit/plugin.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "connection.hpp"

namespace clusterkit::webhook {

class ConnectionPool {
 public:
  static constexpr std::size_t kMost = 50;  // the largest `concurrency` there is
  static constexpr std::chrono::seconds kLongestIdle{60};

  explicit ConnectionPool(Host host) : host_(host) {}

  // The one used last, if the receiver has not closed it; null when there is none. [any]
  std::unique_ptr<Connection> take();
  // [any]
  void put(std::unique_ptr<Connection> connection);

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::uint64_t since;
  };
  void dropOld();

  Host host_;
  std::mutex mutex_;
  std::vector<Idle> idle_;  // the one used last is last
};

}  // namespace clusterkit::webhook
