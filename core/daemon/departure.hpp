// A planned stop that takes the node out of the cluster first: drained, its vote given up, seen as left by
// all. Everything [loop].
#pragma once

#include <memory>

#include "cluster/coordinator.hpp"

namespace clusterkit {

class Departure {
 public:
  Departure(EventLoop& loop, Log& log, Coordinator& coordinator);
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;

  // Done: the node has left, cannot (nobody could take over, no leader), or the time is over. Not inside this
  // call.
  void leave(MonotonicTime deadline, Task done);

 private:
  bool hasLeft() const;
  void await();
  void stay();
  void end(std::string_view why);  // empty: it has left

  EventLoop& loop_;
  Log& log_;
  Coordinator& coordinator_;
  MonotonicTime deadline_{};
  Task done_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
