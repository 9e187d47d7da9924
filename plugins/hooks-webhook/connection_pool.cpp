#include "connection_pool.hpp"

namespace clusterkit::webhook {

std::unique_ptr<Connection> ConnectionPool::take() {
  const std::lock_guard lock(mutex_);
  dropOld();
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection->silent()) return connection;
  }
  return nullptr;
}

void ConnectionPool::put(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  dropOld();
  if (idle_.size() < kMost) idle_.push_back({std::move(connection), host_.now()});
}

void ConnectionPool::dropOld() {
  constexpr auto longest = static_cast<std::uint64_t>(std::chrono::nanoseconds(kLongestIdle).count());
  const std::uint64_t now = host_.now();
  std::erase_if(idle_, [&](const Idle& idle) { return now - idle.since > longest; });
}

}  // namespace clusterkit::webhook
