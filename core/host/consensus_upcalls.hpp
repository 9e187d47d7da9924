// The table behind CK_CONSENSUS_HOST: finds the port, then the checks in consensus_upcalls.cpp. Internal to
// the consensus' port.
#pragma once

#include "host/consensus_port.hpp"

namespace clusterkit {

struct ConsensusUpcalls {
  static const ck_consensus_host_1 table;

 private:
  template <class R, class F>
  static R enter(void* cx, const char* function, R refused, F&& call) noexcept;
  template <class Table, class Port>
  static const Table* hand(Port& port, void** selfOut);

  static const ck_store_1* store(void* cx, void** self) noexcept;
  static const ck_transport_1* transport(void* cx, void** self) noexcept;
  static ck_status commit(void* cx, const ck_committed* entries, std::uint64_t count) noexcept;
  static void role(void* cx, std::uint32_t role, std::uint64_t epoch, std::uint64_t leader) noexcept;
  static void members(void* cx, const ck_member* members, std::uint64_t count, std::uint64_t index) noexcept;
  static void snapshot(void* cx, const ck_snap_meta* meta) noexcept;
  static void restore(void* cx, const ck_snap_meta* meta, ck_token token) noexcept;
  static ck_token expect(void* cx, void (*done)(void* arg, const ck_result* result) noexcept,
                         void* arg) noexcept;
};

}  // namespace clusterkit
