// The network of a simulated cluster: messages under way, ordered by when they arrive. Loses, doubles, delays
// and reorders as it is told, from the cluster's seed.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "prng.hpp"
#include "support/builders.hpp"

namespace clusterkit::raft::test {

class SimNetwork {
 public:
  Duration minDelay = 1ms, maxDelay = 3ms;     // unequal delays reorder
  double loss = 0, duplication = 0;            // 0 to 1, per message
  std::function<bool(const Message&)> filter;  // false: swallow it
  std::function<void(const Message&)> seen;    // every message that is sent, before any loss
  std::map<MemberId, Duration> extraDelay;     // to and from this member

  void cutOneWay(MemberId from, MemberId to) { cuts_.insert({from, to}); }
  void cut(MemberId a, MemberId b) {
    cutOneWay(a, b);
    cutOneWay(b, a);
  }
  void mend(MemberId a, MemberId b) {
    cuts_.erase({a, b});
    cuts_.erase({b, a});
  }
  void mendAll() { cuts_.clear(); }
  bool isCut(MemberId from, MemberId to) const { return cuts_.count({from, to}) != 0; }

  void send(MonotonicTime now, const Message& message, Prng& prng);
  void inject(MonotonicTime at, const Message& message) { queue_.emplace(at, message); }
  MonotonicTime nextDelivery() const { return queue_.empty() ? MonotonicTime::max() : queue_.begin()->first; }
  std::vector<Message> takeDue(MonotonicTime now);
  void dropAll() { queue_.clear(); }

 private:
  std::set<std::pair<MemberId, MemberId>> cuts_;
  std::multimap<MonotonicTime, Message> queue_;
};

}  // namespace clusterkit::raft::test
