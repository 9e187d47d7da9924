#include "host/host_readiness.hpp"

#include "host/current_plugin.hpp"
#include "host/host_record.hpp"

namespace clusterkit {
namespace {

// Of an instance that is gone nobody would read the descriptor, and the loop would never sleep again.
Task callOf(HostRecord* owner, DescriptorWatch& descriptors, int fd, ck_fn fn, void* arg) {
  return [owner, &descriptors, fd, fn, arg] {
    const RecordGuard record(owner);
    if (!record) return descriptors.unwatch(fd);
    const OnPluginStack onStack(record->label.c_str(), "a readable descriptor");
    fn(arg);
  };
}

ck_status watch(void* cx, std::int32_t fd, ck_fn fn, void* arg) noexcept {
  const RecordGuard record(cx);
  if (!record) return CK_CANCELLED;
  if (fn == nullptr || !record->parts.loop.onLoop()) {
    record->fault("watch", fn == nullptr ? "function is null" : "called outside of the loop");
    return CK_INVALID;
  }
  DescriptorWatch& descriptors = *record->parts.loop.descriptors();
  return descriptors.watch(fd, callOf(record.get(), descriptors, fd, fn, arg)) ? CK_OK : CK_INVALID;
}

void unwatch(void* cx, std::int32_t fd) noexcept {
  const RecordGuard record(cx);
  if (!record) return;
  if (!record->parts.loop.onLoop()) return record->fault("unwatch", "called outside of the loop");
  record->parts.loop.descriptors()->unwatch(fd);
}

}  // namespace

const ck_host_readiness_1 hostReadiness = {sizeof(ck_host_readiness_1), 0, watch, unwatch};

}  // namespace clusterkit
