#include "host/timer_queue.hpp"

namespace clusterkit {

TimerId TimerQueue::add(MonotonicTime when, Task task, Duration slack) {
  const std::uint64_t id = ++lastId_;
  timers_.emplace(Key{when, id}, Timer{std::move(task), slack});
  whenOf_.emplace(id, when);
  return TimerId(id);
}

bool TimerQueue::cancel(TimerId timer) { return static_cast<bool>(take(timer)); }

// Ends at the first timer without slack, as most are.
std::optional<MonotonicTime> TimerQueue::nextWake() const {
  std::optional<MonotonicTime> first;
  for (const auto& [key, timer] : timers_) {
    if (first && *first <= key.when) break;
    const MonotonicTime latest = key.when + timer.slack;
    if (!first || latest < *first) first = latest;
  }
  return first;
}

std::vector<TimerId> TimerQueue::due(MonotonicTime now) const {
  std::vector<TimerId> all;
  for (auto timer = timers_.begin(); timer != timers_.end() && timer->first.when <= now; ++timer)
    all.emplace_back(timer->first.id);
  return all;
}

Task TimerQueue::take(TimerId timer) {
  const auto found = whenOf_.find(timer.value);
  if (found == whenOf_.end()) return {};
  auto node = timers_.extract(Key{found->second, timer.value});
  whenOf_.erase(found);
  return std::move(node.mapped().task);
}

}  // namespace clusterkit
