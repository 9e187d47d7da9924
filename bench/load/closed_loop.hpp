// Clients of one connection each, all served by one thread of epoll.
#pragma once

#include "load/round.hpp"

namespace clusterkit::bench {

using MakeWire = std::unique_ptr<Wire> (*)(const std::string& host, std::size_t valueBytes);

// As a Drive, over wires of one protocol.
Measured drive(const std::vector<std::uint16_t>& ports, MakeWire makeWire, const Load& load);

}  // namespace clusterkit::bench
