// Clients that each keep one request under way, all served by one thread.
#pragma once

#include <chrono>
#include <cstdint>
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

using MakeWire = std::unique_ptr<Wire> (*)(const std::string& host, std::size_t valueBytes);

// Clients take `ports` of the loopback in turn. Throws WireError, or std::system_error for a socket.
Measured drive(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load);

}  // namespace clusterkit::bench
