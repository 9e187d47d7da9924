// Where every choice of a simulation comes from: the seeded generator of the Raft core, so that a seed means
// the same on every platform.
#pragma once

#include <clusterkit/types.hpp>
#include <cstdint>
#include <vector>

#include "prng.hpp"

namespace clusterkit::sim {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : source_(seed) {}

  std::uint64_t next() { return source_.next(); }
  std::uint64_t below(std::uint64_t bound) { return source_.below(bound); }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  Duration between(Duration low, Duration high) {
    return low +
           Duration(static_cast<Duration::rep>(below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }
  bool chance(std::uint32_t percent) { return percent != 0 && below(100) < percent; }
  bool oneIn(std::uint64_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

 private:
  raft::Prng source_;
};

}  // namespace clusterkit::sim
