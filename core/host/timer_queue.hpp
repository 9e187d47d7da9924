// Timers in order of time, then of setting. One thread.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "host/event_loop.hpp"

namespace clusterkit {

class TimerQueue {
 public:
  // Due at `when`; worth waking up for only when it has been due for `slack`.
  TimerId add(MonotonicTime when, Task task, Duration slack = {});
  bool cancel(TimerId timer);
  // When to look again at the latest; nothing while there is no timer.
  std::optional<MonotonicTime> nextWake() const;
  // Those that are due at `now`, in the order in which they fire.
  std::vector<TimerId> due(MonotonicTime now) const;
  // Takes the timer to fire it; an empty task when it was cancelled or taken before.
  Task take(TimerId timer);

 private:
  struct Key {
    MonotonicTime when;
    std::uint64_t id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Timer {
    Task task;
    Duration slack;
  };
  std::map<Key, Timer> timers_;
  std::unordered_map<std::uint64_t, MonotonicTime> whenOf_;
  std::uint64_t lastId_ = 0;
};

}  // namespace clusterkit
