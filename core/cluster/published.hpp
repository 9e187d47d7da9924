// One immutable value that one thread replaces and any number of threads read without a lock or a reference
// count.
//
// Deferred reclamation by hazard pointers (Michael, "Hazard Pointers", IEEE TPDS 2004): a reader announces
// the pointer it uses in a slot of its own cache line; the writer deletes a replaced value once no slot names
// it. A reference-counted pointer would bounce one counter between the cores on every lookup.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace clusterkit {

template <class T>
class Published {
 public:
  static constexpr std::size_t kSlots = 128;  // readers at the same moment; one more waits for a free slot

  // Keeps the value it read alive. Keep it short: what it holds is not freed meanwhile. Not copyable; one
  // thread.
  class Reading {
   public:
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() { slot_.store(nullptr, std::memory_order_release); }
    const T& operator*() const { return *value_; }
    const T* operator->() const { return value_; }

   private:
    friend class Published;
    Reading(std::atomic<const T*>& slot, const T* value) : slot_(slot), value_(value) {}
    std::atomic<const T*>& slot_;
    const T* value_;
  };

  explicit Published(std::unique_ptr<const T> first) : current_(first.release()) {}
  Published(const Published&) = delete;
  Published& operator=(const Published&) = delete;
  // No reader may be left.
  ~Published() {
    delete current_.load();
    for (const T* old : retired_) delete old;
  }

  // [any] The newest value.
  Reading read() const {
    const T* value = current_.load(std::memory_order_acquire);
    std::atomic<const T*>& slot = claim(value);
    // The value may have been replaced and deleted before the slot named it: announce and look again until
    // both agree.
    for (;;) {
      const T* again = current_.load(std::memory_order_seq_cst);
      if (again == value) return Reading(slot, value);
      value = again;
      slot.store(value, std::memory_order_seq_cst);
    }
  }

  // The writer's thread only.
  void publish(std::unique_ptr<const T> next) {
    retired_.push_back(current_.exchange(next.release(), std::memory_order_seq_cst));
    std::erase_if(retired_, [this](const T* old) {
      if (inUse(old)) return false;
      delete old;
      return true;
    });
  }

  // Replaced values that some reader still held at the last publish. The writer's thread only.
  std::size_t retired() const { return retired_.size(); }

 private:
  struct alignas(64) Slot {
    std::atomic<const T*> value{nullptr};
  };

  static std::size_t firstSlotOfThread() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine;
  }

  std::atomic<const T*>& claim(const T* value) const {
    for (std::size_t i = firstSlotOfThread();; ++i) {
      std::atomic<const T*>& slot = slots_[i % kSlots].value;
      const T* free = nullptr;
      if (slot.compare_exchange_strong(free, value, std::memory_order_seq_cst)) return slot;
      if (i % kSlots == kSlots - 1) std::this_thread::yield();
    }
  }

  bool inUse(const T* value) const {
    for (const Slot& slot : slots_)
      if (slot.value.load(std::memory_order_seq_cst) == value) return true;
    return false;
  }

  mutable std::array<Slot, kSlots> slots_;
  std::atomic<const T*> current_;
  std::vector<const T*> retired_;
};

}  // namespace clusterkit
