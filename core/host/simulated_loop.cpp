#include "host/simulated_loop.hpp"

#include <algorithm>
#include <cstring>

namespace clusterkit {

namespace {
// Some moment of 2026 at which every simulation begins.
constexpr std::chrono::seconds simulationEpoch{1'767'225'600};
}  // namespace

Scheduler::Scheduler(std::uint64_t seed) : randomness_(seed) {}

void Scheduler::at(MonotonicTime when, Task task) { schedule(when, {nullptr, 0, std::move(task)}); }

Scheduler::Key Scheduler::schedule(MonotonicTime when, Entry entry) {
  const Key key{std::max(when, now_), ++lastSequence_};
  events_.emplace(key, std::move(entry));
  return key;
}

bool Scheduler::cancel(Key key) { return events_.erase(key) != 0; }

void Scheduler::dropAllOf(const SimulatedLoop* loop) {
  if (running_ == loop) running_ = nullptr;  // a node that is destroyed inside its own event
  std::vector<Task> dropped;                 // a dropped task's members may schedule or cancel
  for (auto it = events_.begin(); it != events_.end();) {
    if (it->second.loop == loop) {
      dropped.push_back(std::move(it->second.task));
      it = events_.erase(it);
    } else {
      ++it;
    }
  }
}

bool Scheduler::step() {
  if (events_.empty()) return false;
  auto node = events_.extract(events_.begin());
  now_ = node.key().when;
  SimulatedLoop* const loop = node.mapped().loop;
  if (loop != nullptr && !loop->admit(node.mapped())) return true;
  ++eventsRun_;
  const SimulatedLoop* const before = running_;
  running_ = loop;
  node.mapped().task();
  node.mapped().task.reset();
  if (loop != nullptr && running_ == loop) loop->runTurnEnd();
  running_ = before;
  return true;
}

bool Scheduler::runUntil(const std::function<bool()>& condition, Duration limit) {
  const MonotonicTime end = now_ + limit;
  while (!condition()) {
    if (events_.empty() || events_.begin()->first.when > end) return false;
    step();
  }
  return true;
}

void Scheduler::runFor(Duration span) {
  const MonotonicTime end = now_ + span;
  while (!events_.empty() && events_.begin()->first.when <= end) step();
  now_ = end;
}

SimulatedLoop::SimulatedLoop(Scheduler& scheduler) : scheduler_(scheduler) {}

SimulatedLoop::~SimulatedLoop() { scheduler_.dropAllOf(this); }

void SimulatedLoop::post(Task task) { scheduler_.schedule(now(), {this, 0, std::move(task)}); }

// False: the node is frozen, and the event waits.
bool SimulatedLoop::admit(Scheduler::Entry& entry) {
  const std::uint64_t timer = entry.timer;
  if (now() < frozenUntil_) {
    const Scheduler::Key later = scheduler_.schedule(frozenUntil_, std::move(entry));
    if (timer != 0) timers_[timer] = later;
    return false;
  }
  if (timer != 0) timers_.erase(timer);
  return true;
}

void SimulatedLoop::atTurnEnd(Task task) {
  if (scheduler_.running_ == this)
    turnEnd_.push_back(std::move(task));
  else
    post(std::move(task));  // outside of events there is no turn that could end
}

TimerId SimulatedLoop::timerAt(MonotonicTime when, Task task) {
  const std::uint64_t id = ++lastTimer_;
  timers_[id] = scheduler_.schedule(when, {this, id, std::move(task)});
  return TimerId(id);
}

// As late as it may be, which is what must be borne.
TimerId SimulatedLoop::patientTimerAt(MonotonicTime when, Duration slack, Task task) {
  return timerAt(when + slack, std::move(task));
}

bool SimulatedLoop::cancel(TimerId timer) {
  const auto found = timers_.find(timer.value);
  if (found == timers_.end()) return false;
  const Scheduler::Key key = found->second;
  timers_.erase(found);
  return scheduler_.cancel(key);
}

WallTime SimulatedLoop::wall() const {
  return WallTime(simulationEpoch + scheduler_.now().time_since_epoch() + wallShift_);
}

void SimulatedLoop::random(void* out, std::size_t bytes) {
  auto* at = static_cast<std::byte*>(out);
  while (bytes > 0) {
    const std::uint64_t word = scheduler_.randomness()();
    const std::size_t n = std::min(bytes, sizeof word);
    std::memcpy(at, &word, n);
    at += n;
    bytes -= n;
  }
}

bool SimulatedLoop::onLoop() const { return scheduler_.running_ == this || scheduler_.running_ == nullptr; }

void SimulatedLoop::runTurnEnd() {
  std::vector<Task> ending;
  ending.swap(turnEnd_);
  for (Task& task : ending) {
    task();
    task.reset();
  }
  // What the end of the turn has gathered anew belongs to another turn.
  for (Task& task : turnEnd_) post(std::move(task));
  turnEnd_.clear();
}

}  // namespace clusterkit
