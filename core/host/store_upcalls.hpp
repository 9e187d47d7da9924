// What a store's own threads have reported and the loop has not seen yet. Reports add up, so however many
// come while the loop is busy, they are one task. Internal to the store's port.
#pragma once

#include <mutex>
#include <optional>

#include "host/store_port.hpp"

namespace clusterkit {

struct StorePort::Upcalls {
  struct Seen {
    std::uint64_t durable = 0;
    std::optional<ck_error> error;
    bool writable = false;
  };

  // True: the loop has to be told. [any]
  template <class F>
  bool add(F&& change) {
    const std::lock_guard lock(mutex);
    change(pending);
    return !std::exchange(told, true);
  }
  Seen take() {
    const std::lock_guard lock(mutex);
    told = false;
    return std::exchange(pending, Seen{});
  }

  std::mutex mutex;
  Seen pending;
  bool told = false;
};

// The table behind CK_STORE_HOST. [any]
struct StoreUpcalls {
  static const ck_store_host_1 table;
  static void durable(void* cx, std::uint64_t upto, const ck_error* error) noexcept;
  static void writable(void* cx) noexcept;

 private:
  template <class F>
  static void add(void* cx, F&& change);
};

}  // namespace clusterkit
