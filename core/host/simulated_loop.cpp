#include "host/simulated_loop.hpp"

#include <algorithm>
#include <cstring>

namespace clusterkit {

namespace {
// Some moment of 2026 at which every simulation begins.
constexpr std::chrono::seconds simulationEpoch{1'767'225'600};
}  // namespace

Scheduler::Scheduler(std::uint64_t seed) : randomness_(seed) {}

void Scheduler::at(MonotonicTime when, Task task) { schedule(when, nullptr, std::move(task)); }

Scheduler::Ticket Scheduler::schedule(MonotonicTime when, SimulatedLoop* loop, Task&& task) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
    places_.push_back(kFree);
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.loop = loop;
  slot.task = std::move(task);
  if (when <= now_) {
    due_.push_back({index, slot.generation});
    places_[index] = kDue;
  } else {
    push({{when, ++lastSequence_}, index});
  }
  return (Ticket{slot.generation} << 32) + index + 1;
}

bool Scheduler::cancel(Ticket ticket) {
  const auto index = static_cast<std::uint32_t>(ticket) - 1;
  if (index >= slots_.size()) return false;
  if (places_[index] == kFree || slots_[index].generation != ticket >> 32) return false;
  const Task dropped = take(index);  // its members may schedule or cancel
  return true;
}

// Out of the order; the slot itself is not yet free.
void Scheduler::unqueue(std::uint32_t index) {
  const std::uint32_t at = std::exchange(places_[index], kFree);
  ++slots_[index].generation;
  if (at == kDue) return;  // a newer generation says that it is gone from the queue
  const Place last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  put(at, last);
  rise(at);
  sink(places_[last.slot]);
}

Task Scheduler::take(std::uint32_t index) {
  unqueue(index);
  free_.push_back(index);
  return std::move(slots_[index].task);
}

void Scheduler::push(const Place& place) {
  heap_.push_back(place);
  rise(static_cast<std::uint32_t>(heap_.size() - 1));
}

void Scheduler::put(std::uint32_t at, const Place& place) {
  heap_[at] = place;
  places_[place.slot] = at;
}

void Scheduler::rise(std::uint32_t at) {
  const Place place = heap_[at];
  for (std::uint32_t above; at > 0 && place.key < heap_[above = (at - 1) / kChildren].key; at = above)
    put(at, heap_[above]);
  put(at, place);
}

void Scheduler::sink(std::uint32_t at) {
  const Place place = heap_[at];
  const auto size = static_cast<std::uint32_t>(heap_.size());
  for (std::uint32_t first = kChildren * at + 1; first < size; first = kChildren * at + 1) {
    std::uint32_t least = first;
    for (std::uint32_t child = first + 1; child < std::min(first + kChildren, size); ++child)
      if (heap_[child].key < heap_[least].key) least = child;
    if (place.key < heap_[least].key) break;
    put(at, heap_[least]);
    at = least;
  }
  put(at, place);
}

void Scheduler::dropAllOf(const SimulatedLoop* loop) {
  if (running_ == loop) running_ = nullptr;  // a node that is destroyed inside its own event
  std::vector<Task> dropped;                 // a dropped task's members may schedule or cancel
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
    if (places_[slot] != kFree && slots_[slot].loop == loop) dropped.push_back(take(slot));
}

// What the heap has for now_ was scheduled before now_ came, and so before all that stands in due_.
std::optional<std::uint32_t> Scheduler::nextBy(MonotonicTime end) {
  while (!due_.empty() && slots_[due_.front().slot].generation != due_.front().generation) due_.pop_front();
  const MonotonicTime heapBy = due_.empty() ? end : now_;
  if (!heap_.empty() && heap_.front().key.when <= heapBy) return heap_.front().slot;
  if (due_.empty()) return std::nullopt;
  return due_.front().slot;
}

bool Scheduler::step() {
  const auto next = nextBy(MonotonicTime::max());
  if (next) advance(*next);
  return next.has_value();
}

void Scheduler::advance(std::uint32_t slot) {
  if (places_[slot] != kDue) now_ = heap_.front().key.when;
  const SimulatedLoop* const loop = slots_[slot].loop;
  if (loop != nullptr && now_ < loop->frozenUntil_)
    postpone(slot, loop->frozenUntil_);
  else
    run(slot);
}

// The same event, still of the same ticket.
void Scheduler::postpone(std::uint32_t slot, MonotonicTime until) {
  const Place later{{until, ++lastSequence_}, slot};
  if (places_[slot] == kDue) {
    due_.pop_front();
    push(later);
  } else {
    heap_.front() = later;
    sink(0);
  }
}

void Scheduler::run(std::uint32_t index) {
  Slot& slot = slots_[index];  // stays where it is, whatever the task schedules
  SimulatedLoop* const loop = slot.loop;
  ++eventsRun_;
  unqueue(index);
  const SimulatedLoop* const before = running_;
  running_ = loop;
  slot.task();
  slot.task.reset();
  free_.push_back(index);
  if (loop != nullptr && running_ == loop) loop->runTurnEnd();
  running_ = before;
}

bool Scheduler::runUntil(const std::function<bool()>& condition, Duration limit) {
  const MonotonicTime end = now_ + limit;
  while (!condition()) {
    const auto next = nextBy(end);
    if (!next) return false;
    advance(*next);
  }
  return true;
}

void Scheduler::runFor(Duration span) {
  const MonotonicTime end = now_ + span;
  while (const auto next = nextBy(end)) advance(*next);
  now_ = end;
}

SimulatedLoop::SimulatedLoop(Scheduler& scheduler) : scheduler_(scheduler) {}

SimulatedLoop::~SimulatedLoop() { scheduler_.dropAllOf(this); }

void SimulatedLoop::post(Task task) { scheduler_.schedule(now(), this, std::move(task)); }

void SimulatedLoop::atTurnEnd(Task task) {
  if (scheduler_.running_ == this)
    turnEnd_.push_back(std::move(task));
  else
    post(std::move(task));  // outside of events there is no turn that could end
}

TimerId SimulatedLoop::timerAt(MonotonicTime when, Task task) {
  return TimerId(scheduler_.schedule(when, this, std::move(task)));
}

// As late as it may be, which is what must be borne.
TimerId SimulatedLoop::patientTimerAt(MonotonicTime when, Duration slack, Task task) {
  return timerAt(when + slack, std::move(task));
}

bool SimulatedLoop::cancel(TimerId timer) { return scheduler_.cancel(timer.value); }

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
  if (turnEnd_.empty()) return;
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
