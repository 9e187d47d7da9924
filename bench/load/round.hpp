// What one round asks of a cluster, and what it measured: the same for every kind of client.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "load/wire.hpp"

namespace clusterkit::bench {

struct Load {
  Work work;
  std::size_t clients;
  std::size_t keys;  // requests draw from so many, evenly
  std::size_t valueBytes;
  std::chrono::milliseconds warmUp, measured;
};

struct Measured {
  double perSecond;
  double medianMs, p99Ms, worstMs;
};

// Keeps one request of each client under way for a whole round, from one thread; clients take `ports` of the
// loopback in turn. Throws WireError, or std::system_error for a socket.
using Drive = Measured (*)(const std::vector<std::uint16_t>& ports, const Load& load);

struct Driver {
  std::string name;  // as the output says it
  Drive drive;
};

constexpr std::chrono::milliseconds kStall{10000};  // nothing from anyone for so long: the cluster stopped

// Begins with its making, so clients connect before.
class Round {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Round(const Load& load);

  bool over() const { return Clock::now() >= end_; }
  Request draw();                          // what it refers to stands until the next draw
  void answered(Clock::time_point asked);  // counts, once the warm-up is over
  Measured measured();                     // throws WireError when nothing counted

 private:
  Load load_;
  std::string value_, key_;
  std::minstd_rand dice_{1};
  Clock::time_point from_, end_;
  std::vector<float> latencies_;
};

}  // namespace clusterkit::bench
