// The checked [transport] section, read once in the constructor.
#pragma once

#include <array>
#include <chrono>
#include <clusterkit/transport.hpp>
#include <cstdint>
#include <set>
#include <string>

#include "endpoint.hpp"
#include "keys.hpp"

namespace clusterkit::zmq {

struct Settings {
  Endpoint listen;
  std::string advertise;  // as written; empty = where we listen
  std::uint64_t maxMessage = 0;
  std::array<std::uint64_t, CK_LANE_COUNT> queueBytes{};  // waiting per peer and lane
  std::uint64_t receiveBytes = 0;  // handed to the host and not yet dropped by it, per lane
  std::chrono::milliseconds heartbeat{};
  KeyPair keys;
  std::set<std::string> authorizedKeys;
};

extern const ck_option options[];

// Throws Error(CK_INVALID) that names the option.
Settings readSettings(const Config& config);

}  // namespace clusterkit::zmq
