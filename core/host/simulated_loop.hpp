// Whole clusters in one thread: a Scheduler owns virtual time and the order of everything; each node has a
// SimulatedLoop on it. Events run in the order of (time, moment of scheduling), so one seed gives one
// history. Nothing here may be touched from a second thread.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "host/event_loop.hpp"

namespace clusterkit {

class SimulatedLoop;

class Scheduler {
 public:
  explicit Scheduler(std::uint64_t seed);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  MonotonicTime now() const { return now_; }
  std::mt19937_64& randomness() { return randomness_; }
  // Events run so far: equal for equal seeds, a cheap check that a history was repeated.
  std::uint64_t eventsRun() const { return eventsRun_; }

  // Schedules an event that belongs to no node: a fault, a client, a network's delivery.
  void at(MonotonicTime when, Task task);
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }

  // Runs the next event, moving time to it. False when nothing is left.
  bool step();
  // Runs until the condition holds (checked after every event); false when `limit` of virtual time has passed
  // first or nothing is left to run.
  bool runUntil(const std::function<bool()>& condition, Duration limit);
  // Runs everything that is due within the next `span`; afterwards now() has advanced by exactly that.
  void runFor(Duration span);

 private:
  friend class SimulatedLoop;
  struct Key {
    MonotonicTime when;
    std::uint64_t sequence;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  // Events lie in slots that are used again; a heap orders them. A ticket names one event: slot and
  // generation. A heap of four children is half as high, and where a slot stands in it lies apart from the
  // task, so that moving it touches little memory. What is due at once, nearly half, needs no heap: such
  // events stand in a queue, in their order already.
  using Ticket = std::uint64_t;
  struct Slot {
    SimulatedLoop* loop = nullptr;  // null: belongs to no node
    Task task;
    std::uint32_t generation = 1;
  };
  struct Place {
    Key key;
    std::uint32_t slot;
  };
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};
  static constexpr std::uint32_t kDue = kFree - 1;  // in due_ instead of the heap
  static constexpr std::uint32_t kChildren = 4;

  struct Due {
    std::uint32_t slot;
    std::uint32_t generation;
  };

  Ticket schedule(MonotonicTime when, SimulatedLoop* loop, Task&& task);
  bool cancel(Ticket ticket);
  std::optional<std::uint32_t> nextBy(MonotonicTime end);
  void advance(std::uint32_t slot);
  void run(std::uint32_t slot);
  void postpone(std::uint32_t slot, MonotonicTime until);
  void dropAllOf(const SimulatedLoop* loop);
  void unqueue(std::uint32_t slot);
  Task take(std::uint32_t slot);
  void push(const Place& place);
  void put(std::uint32_t at, const Place& place);
  void rise(std::uint32_t at);
  void sink(std::uint32_t at);

  MonotonicTime now_{};
  std::uint64_t lastSequence_ = 0;
  std::uint64_t eventsRun_ = 0;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> places_;  // of each slot in the heap, or kDue
  std::vector<std::uint32_t> free_;
  std::vector<Place> heap_;
  std::deque<Due> due_;  // at now_, after what the heap has for now_; those cancelled are still in it
  std::mt19937_64 randomness_;
  const SimulatedLoop* running_ = nullptr;
};

// One node's view. Destroying it is the node's crash: whatever it had scheduled never runs.
class SimulatedLoop final : public EventLoop {
 public:
  explicit SimulatedLoop(Scheduler& scheduler);
  ~SimulatedLoop() override;
  SimulatedLoop(const SimulatedLoop&) = delete;
  SimulatedLoop& operator=(const SimulatedLoop&) = delete;

  void post(Task task) override;
  void atTurnEnd(Task task) override;
  TimerId timerAt(MonotonicTime when, Task task) override;
  TimerId patientTimerAt(MonotonicTime when, Duration slack, Task task) override;
  bool cancel(TimerId timer) override;
  MonotonicTime now() const override { return scheduler_.now(); }
  WallTime wall() const override;
  void random(void* out, std::size_t bytes) override;
  // True inside a task of this loop and outside of all nodes' tasks (a test that sets things up, a scheduled
  // fault); false inside another node's task, so that nodes which touch each other directly are found.
  bool onLoop() const override;

  // Moves this node's wall clock against the others'; timers are not touched.
  void shiftWall(Duration by) { wallShift_ += by; }
  // The node stands still, like a process that is stopped or a machine that swaps: what is due meanwhile runs
  // afterwards, in its order.
  void freezeFor(Duration span) { frozenUntil_ = std::max(frozenUntil_, now() + span); }
  MonotonicTime frozenUntil() const { return frozenUntil_; }

 private:
  friend class Scheduler;
  void runTurnEnd();

  Scheduler& scheduler_;
  Duration wallShift_{0};
  MonotonicTime frozenUntil_{};
  std::vector<Task> turnEnd_;
};

}  // namespace clusterkit
