// Nodes that go down and come back again and again have to stay up for a while before they get anything to
// do. Pure; one thread. The leader's own memory: a new leader starts without grudges.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>

#include "clusterkit/types.hpp"

namespace clusterkit {

struct FlapDampingOptions {
  Duration window = std::chrono::minutes(10);  // downs longer ago are forgotten
  std::uint32_t tolerated = 2;                 // downs in the window that cost nothing
  Duration hold = std::chrono::seconds(10);    // after the first one too many; doubles with each further one
  Duration maxHold = std::chrono::minutes(5);
};

class FlapDamping {
 public:
  explicit FlapDamping(FlapDampingOptions options = {}) : options_(options) {}

  void clear() { nodes_.clear(); }
  void forget(MemberId node) { nodes_.erase(node); }
  // The node went down, or was restarted so fast that nobody saw it down.
  void wentDown(MemberId node, MonotonicTime now);
  void cameBack(MemberId node, MonotonicTime now);
  bool holds(MemberId node, MonotonicTime now) const;
  // The next time at which some hold ends; MonotonicTime::max() when there is none.
  MonotonicTime nextRelease(MonotonicTime now) const;

 private:
  struct History {
    std::deque<MonotonicTime> downs;
    MonotonicTime heldUntil = MonotonicTime::min();
  };

  FlapDampingOptions options_;
  std::map<MemberId, History> nodes_;
};

}  // namespace clusterkit
