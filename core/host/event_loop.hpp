// The node loop: the one thread that owns a node's cluster state and enters its consensus, transport and
// store. Two implementers: ThreadLoop (a real thread, steady clock) and SimulatedLoop (virtual time, seeded
// randomness).
//
// Thread tags are those of clusterkit/plugin.h: [loop] only from a task of this loop (or before it runs),
// [any] from every thread.
#pragma once

#include <clusterkit/types.hpp>
#include <cstddef>
#include <cstdint>

#include "host/unique_function.hpp"

namespace clusterkit {

using TimerId = Number<struct TimerTag>;

// What a loop that waits for descriptors offers beside tasks and timers. [loop]
class DescriptorWatch {
 public:
  // Runs the task in each turn while `fd` is readable (level-triggered), until unwatch(fd). False: it cannot
  // be waited for, or is watched already.
  virtual bool watch(int fd, Task onReadable) = 0;
  // Before the descriptor is closed. Also from its task.
  virtual void unwatch(int fd) = 0;

 protected:
  ~DescriptorWatch() = default;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;

  // Runs the task later, never inside this call. Tasks of one thread keep their order. A task must not throw.
  // [any] After the loop has stopped, tasks are dropped unrun.
  virtual void post(Task task) = 0;

  // Runs the task when the present turn is over, that is after the tasks that were taken together with the
  // present one: the place to hand over in one call what a turn has gathered. [loop]
  virtual void atTurnEnd(Task task) = 0;

  // Runs the task once `when` has passed. Timers that are due at the same time fire in the order they were
  // set. [loop]
  virtual TimerId timerAt(MonotonicTime when, Task task) = 0;
  TimerId timerAfter(Duration delay, Task task) { return timerAt(now() + delay, std::move(task)); }
  // For periodic work without hurry: runs the task in the first turn after `when`, which another cause may
  // have woken the loop for, and wakes the loop for it only once `slack` has passed too. [loop]
  virtual TimerId patientTimerAt(MonotonicTime when, Duration slack, Task task) = 0;
  // True: it will not fire any more. False: it has fired, or was cancelled before. [loop]
  virtual bool cancel(TimerId timer) = 0;

  virtual MonotonicTime now() const = 0;                  // [any]
  virtual WallTime wall() const = 0;                      // [any] for labels only
  virtual void random(void* out, std::size_t bytes) = 0;  // [any] good enough for ids and jitter
  virtual bool onLoop() const = 0;                        // [any] may the caller use what is tagged [loop]?
  virtual DescriptorWatch* descriptors() { return nullptr; }  // [any] null: it waits for none

  std::uint64_t random64() {
    std::uint64_t value = 0;
    random(&value, sizeof value);
    return value;
  }
};

// Where blocking work goes. Two implementers: ThreadWorkers, LoopWorkers (simulation: as a task on the loop).
class Workers {
 public:
  virtual ~Workers() = default;
  // False: the queue is full, the task was not taken. [any]
  virtual bool tryRun(Task work) = 0;
};

}  // namespace clusterkit
