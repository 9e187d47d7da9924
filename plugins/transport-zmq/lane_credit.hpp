// How many bytes of one peer and lane wait, from send() until libzmq has written or dropped them.
#pragma once

#include <atomic>
#include <cstdint>

namespace clusterkit::zmq {

// Lock-free: reserved on the loop, released there and on libzmq's thread.
class LaneCredit {
 public:
  // Cost of a message beyond its bytes, so that many tiny ones are bounded too.
  static constexpr std::uint64_t perMessage = 256;

  explicit LaneCredit(std::uint64_t limit) : limit_(limit) {}

  // [loop] False: full, and some later release will report the refill. At most half the limit plus one
  // message of any size, or the limit, is ever taken.
  bool reserve(std::uint64_t bytes) {
    if (tryReserve(bytes)) return true;
    starved_.store(true);
    // A release may have run between the test and the mark; then nobody else would report.
    if (used_.load() <= limit_ / 2 && starved_.exchange(false)) return tryReserve(bytes);
    return false;
  }

  // [any] True: a starved lane has room again and this call is the one that must say so.
  bool release(std::uint64_t bytes) {
    const std::uint64_t left = used_.fetch_sub(bytes) - bytes;
    if (left > limit_ / 2 || !starved_.load() || !starved_.exchange(false)) return false;
    refilled_.store(true);
    return true;
  }

  bool takeRefilled() { return refilled_.load() && refilled_.exchange(false); }
  bool takeStarved() { return starved_.exchange(false); }
  bool refilled() const { return refilled_.load(); }
  bool starved() const { return starved_.load(); }
  std::uint64_t used() const { return used_.load(); }

 private:
  bool tryReserve(std::uint64_t bytes) {
    const std::uint64_t used = used_.load();
    // Only the loop adds, so the level cannot rise between the test and the addition.
    if (used > limit_ / 2 && used + bytes > limit_) return false;
    used_.fetch_add(bytes);
    return true;
  }

  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<bool> starved_{false};
  std::atomic<bool> refilled_{false};
};

}  // namespace clusterkit::zmq
