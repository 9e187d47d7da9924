// C++ SDK for stores: derive from Store, then CK_STORE(Class, "id", "version", "summary", flags).
// The contract of each call is in store.h.
#pragma once

#include "plugin.hpp"
#include "store.h"

namespace clusterkit {

class Store {
 public:
  virtual ~Store() = default;
  virtual void open(ck_token token) = 0;
  virtual ck_status submit(const ck_store_batch& batch, std::uint64_t seq) = 0;
  virtual void read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) = 0;
  virtual ck_status termAt(std::uint64_t index, std::uint64_t& term) = 0;
  virtual void metaGet(const char* name, ck_token token) = 0;
  virtual ck_status snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) = 0;
  virtual void snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) = 0;
  virtual void snapCommit(std::uint64_t handle, ck_token token) = 0;
  virtual void snapAbort(std::uint64_t handle) = 0;
  virtual void snapOpen(ck_token token) = 0;
  virtual void snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) = 0;
  virtual void snapClose(std::uint64_t handle) = 0;
  virtual void stop(ck_token token) = 0;
};

namespace sdk {

template <class T>
struct StoreTraits {
  static constexpr AfterThrow policy = AfterThrow::poison;

  static void open(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.open(t); });
  }
  static ck_status submit(void* s, const ck_store_batch* b, std::uint64_t seq) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.submit(*b, seq); });
  }
  static void read(void* s, std::uint64_t lo, std::uint64_t hi, std::uint64_t max, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.read(lo, hi, max, t); });
  }
  static ck_status termAt(void* s, std::uint64_t index, std::uint64_t* term) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.termAt(index, *term); });
  }
  static void metaGet(void* s, const char* name, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.metaGet(name, t); });
  }
  static ck_status snapCreate(void* s, const ck_snap_meta* meta, std::uint64_t* handle) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.snapCreate(*meta, *handle); });
  }
  static void snapWrite(void* s, std::uint64_t h, std::uint64_t off, ck_buf* chunk, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.snapWrite(h, off, Buffer::take(chunk), t); });
  }
  static void snapCommit(void* s, std::uint64_t h, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.snapCommit(h, t); });
  }
  static void snapAbort(void* s, std::uint64_t h) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.snapAbort(h); });
  }
  static void snapOpen(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.snapOpen(t); });
  }
  static void snapRead(void* s, std::uint64_t h, std::uint64_t off, std::uint64_t max, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.snapRead(h, off, max, t); });
  }
  static void snapClose(void* s, std::uint64_t h) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.snapClose(h); });
  }
  static void stop(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.stop(t); });
  }

  static constexpr ck_store_1 table{
      sizeof(ck_store_1), 0,          open,      submit,   read,     termAt,    metaGet, snapCreate,
      snapWrite,          snapCommit, snapAbort, snapOpen, snapRead, snapClose, stop};
  static const void* iface(void*, const char* id) noexcept { return sdk::iface<T>(CK_STORE_KIND, table, id); }
};

}  // namespace sdk
}  // namespace clusterkit

#define CK_STORE(Class, id, version, summary, flags) \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::StoreTraits, CK_STORE_KIND, id, version, summary, flags)
