// Timers in order of time, then of setting. One thread.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>

#include "host/event_loop.hpp"

namespace clusterkit {

class TimerQueue {
 public:
  TimerId add(MonotonicTime when, Task task);
  bool cancel(TimerId timer);
  // When the first one is due; nothing while there is none.
  std::optional<MonotonicTime> nextDue() const;
  // Takes the first timer that is due at `now`; an empty task when there is none.
  Task takeDue(MonotonicTime now);

 private:
  struct Key {
    MonotonicTime when;
    std::uint64_t id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  std::map<Key, Task> tasks_;
  std::unordered_map<std::uint64_t, MonotonicTime> whenOf_;
  std::uint64_t lastId_ = 0;
};

}  // namespace clusterkit
