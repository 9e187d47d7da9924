// One declared peer as the loop and libzmq's thread share it: only numbers, all atomic.
#pragma once

#include <clusterkit/transport.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "lane_credit.hpp"
#include "settings.hpp"
#include "waker.hpp"

namespace clusterkit::zmq {

// [any]
struct PeerCounters {
  std::atomic<bool> up{false};
  std::atomic<std::uint64_t> sent{0}, received{0}, dropped{0}, sentBytes{0}, receivedBytes{0}, connects{0};

  void add(const PeerCounters& other) {
    sent += other.sent;
    received += other.received;
    dropped += other.dropped;
    sentBytes += other.sentBytes;
    receivedBytes += other.receivedBytes;
    connects += other.connects;
  }
  void addTo(ck_peer_stats& out) const {
    out.sent += sent.load(std::memory_order_relaxed);
    out.received += received.load(std::memory_order_relaxed);
    out.dropped += dropped.load(std::memory_order_relaxed);
    out.sent_bytes += sentBytes.load(std::memory_order_relaxed);
    out.received_bytes += receivedBytes.load(std::memory_order_relaxed);
    out.connects += connects.load(std::memory_order_relaxed);
  }
};

struct Peer {
  Peer(std::uint64_t id, const Settings& settings, std::shared_ptr<Waker> wake)
      : member(id),
        credit{LaneCredit(settings.queueBytes[CK_LANE_CONTROL]), LaneCredit(settings.queueBytes[CK_LANE_LOG]),
               LaneCredit(settings.queueBytes[CK_LANE_BULK])},
        waker(std::move(wake)) {}

  const std::uint64_t member;
  PeerCounters counters;
  std::array<LaneCredit, CK_LANE_COUNT> credit;
  const std::shared_ptr<Waker> waker;  // told when a starved lane has room again
};

}  // namespace clusterkit::zmq
