#include "host/timer_queue.hpp"

namespace clusterkit {

TimerId TimerQueue::add(MonotonicTime when, Task task) {
  const std::uint64_t id = ++lastId_;
  tasks_.emplace(Key{when, id}, std::move(task));
  whenOf_.emplace(id, when);
  return TimerId(id);
}

bool TimerQueue::cancel(TimerId timer) {
  const auto found = whenOf_.find(timer.value);
  if (found == whenOf_.end()) return false;
  tasks_.erase(Key{found->second, timer.value});
  whenOf_.erase(found);
  return true;
}

std::optional<MonotonicTime> TimerQueue::nextDue() const {
  if (tasks_.empty()) return std::nullopt;
  return tasks_.begin()->first.when;
}

Task TimerQueue::takeDue(MonotonicTime now) {
  if (tasks_.empty() || tasks_.begin()->first.when > now) return {};
  auto node = tasks_.extract(tasks_.begin());
  whenOf_.erase(node.key().id);
  return std::move(node.mapped());
}

}  // namespace clusterkit
