// C++ SDK for consensus: derive from Consensus, then CK_CONSENSUS(Class, "id", "version", "summary", flags).
// The contract of each call is in consensus.h.
#pragma once

#include "consensus.h"
#include "plugin.hpp"

namespace clusterkit {

class Consensus {
 public:
  virtual ~Consensus() = default;
  virtual void start(const ck_cluster_boot& boot) = 0;  // throws Error
  virtual void propose(const ck_span* commands, std::uint64_t count, ck_token first) = 0;
  virtual void barrier(ck_token token) = 0;
  virtual void changeMembers(const ck_member_change& change, ck_token token) = 0;
  virtual void stepDown(std::uint64_t to, ck_token token) = 0;
  virtual void applied(std::uint64_t index) = 0;
  virtual void compact(const ck_snap_meta& meta) = 0;
  virtual void onMessage(std::uint64_t from, std::uint32_t lane, Buffer message) = 0;
  virtual void onPeer(std::uint64_t member, bool up) = 0;
  virtual void onDurable(std::uint64_t uptoSeq, const ck_error* error) = 0;
  virtual void onStoreWritable() = 0;
  virtual void onTransportWritable(std::uint64_t member, std::uint32_t lane) = 0;
  virtual ck_status status(ck_consensus_status& out) = 0;
  virtual void stop(ck_token token) = 0;
};

namespace sdk {

template <class T>
struct ConsensusTraits {
  static constexpr AfterThrow policy = AfterThrow::poison;

  static ck_status start(void* s, const ck_cluster_boot* boot, ck_error* error) noexcept {
    return guardedError<T>(s, error, [&](T& o) {
      o.start(*boot);
      return CK_OK;
    });
  }
  static void propose(void* s, const ck_span* c, std::uint64_t n, ck_token first) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.propose(c, n, first); });
  }
  static void barrier(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.barrier(t); });
  }
  static void changeMembers(void* s, const ck_member_change* c, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.changeMembers(*c, t); });
  }
  static void stepDown(void* s, std::uint64_t to, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.stepDown(to, t); });
  }
  static void applied(void* s, std::uint64_t i) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.applied(i); });
  }
  static void compact(void* s, const ck_snap_meta* m) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.compact(*m); });
  }
  static void onMessage(void* s, std::uint64_t from, std::uint32_t lane, ck_buf* m) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.onMessage(from, lane, Buffer::take(m)); });
  }
  static void onPeer(void* s, std::uint64_t member, std::int32_t up) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.onPeer(member, up != 0); });
  }
  static void onDurable(void* s, std::uint64_t seq, const ck_error* e) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.onDurable(seq, e); });
  }
  static void onStoreWritable(void* s) noexcept {
    guardedVoid<policy, T>(s, [](T& o) { o.onStoreWritable(); });
  }
  static void onTransportWritable(void* s, std::uint64_t m, std::uint32_t lane) noexcept {
    guardedVoid<policy, T>(s, [&](T& o) { o.onTransportWritable(m, lane); });
  }
  static ck_status status(void* s, ck_consensus_status* out) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.status(*out); });
  }
  static void stop(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.stop(t); });
  }

  static constexpr ck_consensus_1 table{sizeof(ck_consensus_1),
                                        0,
                                        start,
                                        propose,
                                        barrier,
                                        changeMembers,
                                        stepDown,
                                        applied,
                                        compact,
                                        onMessage,
                                        onPeer,
                                        onDurable,
                                        onStoreWritable,
                                        onTransportWritable,
                                        status,
                                        stop};
  static const void* iface(void*, const char* id) noexcept {
    return sdk::iface<T>(CK_CONSENSUS_KIND, table, id);
  }
};

}  // namespace sdk
}  // namespace clusterkit

#define CK_CONSENSUS(Class, id, version, summary, flags) \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::ConsensusTraits, CK_CONSENSUS_KIND, id, version, summary, flags)
