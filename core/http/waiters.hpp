// Whom a signal concerns: each waiter is visited once after every signal, a few at a time, so that a signal
// for thousands holds up nobody else. A signal that comes during a round starts another one behind it. Pure.
// One thread.
#pragma once

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace clusterkit::http {

// Where a waiter stands in its list; a member of the waiter, touched by the list only.
struct WaiterSlot {
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::size_t at = kNone;
};

template <class T, WaiterSlot T::*Slot>
class Waiters {
 public:
  // Has looked just now: it is visited after the next signal. Nothing happens when it is here already.
  void add(T& waiter) {
    if ((waiter.*Slot).at != WaiterSlot::kNone) return;
    place(list_.size(), &waiter);
    exchange(list_.size() - 1, visited_);
    ++visited_;
  }

  // Nothing happens when it is not here.
  void remove(T& waiter) {
    std::size_t at = (waiter.*Slot).at;
    if (at == WaiterSlot::kNone) return;
    if (at < visited_) {
      --visited_;
      exchange(at, visited_);
      at = visited_;
    }
    exchange(at, list_.size() - 1);
    list_.pop_back();
    (waiter.*Slot).at = WaiterSlot::kNone;
  }

  void signal() {
    if (visited_ < list_.size())
      again_ = true;
    else
      visited_ = 0;
  }

  bool due() const { return visited_ < list_.size() || (again_ && !list_.empty()); }

  // The next one to visit; null when the round is over.
  T* next() {
    if (visited_ == list_.size() && std::exchange(again_, false)) visited_ = 0;
    return visited_ < list_.size() ? list_[visited_++] : nullptr;
  }

  std::size_t size() const { return list_.size(); }

 private:
  void place(std::size_t at, T* waiter) {
    if (at == list_.size()) list_.push_back(nullptr);
    list_[at] = waiter;
    (waiter->*Slot).at = at;
  }
  void exchange(std::size_t a, std::size_t b) {
    T* const first = list_[a];
    place(a, list_[b]);
    place(b, first);
  }

  std::vector<T*> list_;  // the first visited_ have been visited in this round
  std::size_t visited_ = 0;
  bool again_ = false;
};

}  // namespace clusterkit::http
