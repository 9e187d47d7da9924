// What the parts of an exchange share: the context, who we are, and what is to be told. [loop]
#pragma once

#include <clusterkit/transport.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>
#include <zmq.hpp>

#include "settings.hpp"

namespace clusterkit::zmq {

// Collected while sockets are served, told afterwards (io_loop.hpp).
struct Received {
  std::uint64_t from;
  std::uint32_t lane;
  Buffer message;
};
struct PeerChanged {
  std::uint64_t member;
  bool up;
  ck_status status;  // why it is down
  std::string why;
};
struct LaneWritable {
  std::uint64_t member;
  std::uint32_t lane;
};
struct AddressNeeded {  // the name behind an endpoint should be looked up (again)
  std::uint64_t member;
};
using Upcall = std::variant<Received, PeerChanged, LaneWritable, AddressNeeded>;

// Frames that were refused, by reason. Logged when a counter doubles, so a flood costs few lines.
enum class Refusal : std::uint8_t { malformed, stranger, misrouted, stale, overflow, unauthorized };

class Refusals {
 public:
  Refusals(Host host, std::shared_ptr<std::atomic<std::uint64_t>> total)
      : host_(host), total_(std::move(total)) {}
  void note(Refusal reason, std::uint64_t claimedMember);
  void noteLost(std::uint64_t messages);  // gaps in what peers sent us

 private:
  Host host_;
  std::array<std::uint64_t, 6> count_{};
  const std::shared_ptr<std::atomic<std::uint64_t>> total_;  // outlives us: stats may be asked at any time
};

struct Wiring {
  Wiring(Host h, const Settings& s, std::shared_ptr<std::atomic<std::uint64_t>> refused)
      : host(h), settings(s), refusals(h, std::move(refused)) {}

  Host host;
  const Settings& settings;
  ::zmq::context_t context{1};
  std::uint64_t localMember = 0;
  Refusals refusals;
  std::vector<Upcall> upcalls;
  std::uint64_t monitors = 0;  // gives each its own name
  std::uint64_t dealers = 0;   // ever made

  std::uint64_t randomNumber() const {
    std::uint64_t n = 0;
    host.random(&n, sizeof n);
    return n;
  }
};

}  // namespace clusterkit::zmq
