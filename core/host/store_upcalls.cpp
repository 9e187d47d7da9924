#include "host/store_upcalls.hpp"

#include <algorithm>

namespace clusterkit {

const ck_store_host_1 StoreUpcalls::table{sizeof(ck_store_host_1), 0, durable, writable};

template <class F>
void StoreUpcalls::add(void* cx, F&& change) {
  const UpcallGuard guard(cx);
  auto* const port = guard.port<StorePort>();
  if (port == nullptr || !port->upcalls_->add(change)) return;
  port->parts_.loop.post([port, alive = port->lifetime_.watch()] {
    if (!alive.expired()) port->takeUpcalls();
  });
}

void StoreUpcalls::durable(void* cx, std::uint64_t upto, const ck_error* error) noexcept {
  add(cx, [&](StorePort::Upcalls::Seen& seen) {
    if (seen.error) return;  // the first failure is final
    seen.durable = std::max(seen.durable, upto);
    if (error != nullptr) seen.error = *error;
  });
}

void StoreUpcalls::writable(void* cx) noexcept {
  add(cx, [](StorePort::Upcalls::Seen& seen) { seen.writable = true; });
}

}  // namespace clusterkit
