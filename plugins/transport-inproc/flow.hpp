// What is under way from one station to one peer, per lane: the bound that makes send answer AGAIN, and the
// counters. Shared by both ends' loops. [any]
#pragma once

#include <clusterkit/transport.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <utility>

namespace clusterkit::inproc {

class Flow {
 public:
  explicit Flow(std::uint64_t limit) : limit_(limit) {}

  // False: full; some later release will say so.
  bool reserve(std::uint32_t lane, std::uint64_t cost) {
    const std::lock_guard lock(mutex_);
    Lane& l = lanes_[lane];
    if (l.used > limit_ / 2 && l.used + cost > limit_) {
      l.starved = true;
      return false;
    }
    l.used += cost;
    return true;
  }

  // True: there is room again on a lane that was refused.
  bool release(std::uint32_t lane, std::uint64_t cost) {
    const std::lock_guard lock(mutex_);
    Lane& l = lanes_[lane];
    l.used -= cost;
    if (!l.starved || l.used > limit_ / 2) return false;
    l.starved = false;
    return true;
  }

  bool takeStarved(std::uint32_t lane) {
    const std::lock_guard lock(mutex_);
    return std::exchange(lanes_[lane].starved, false);
  }

  void countSent(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++stats_.sent;
    stats_.sent_bytes += bytes;
  }
  void countReceived(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++stats_.received;
    stats_.received_bytes += bytes;
  }
  void countDropped() {
    const std::lock_guard lock(mutex_);
    ++stats_.dropped;
  }
  void setUp(std::int32_t up) {
    const std::lock_guard lock(mutex_);
    stats_.up = up;
    stats_.connects += up != 0 ? 1 : 0;
  }
  ck_peer_stats stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  struct Lane {
    std::uint64_t used = 0;
    bool starved = false;
  };

  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::array<Lane, CK_LANE_COUNT> lanes_{};
  ck_peer_stats stats_{};
};

}  // namespace clusterkit::inproc
