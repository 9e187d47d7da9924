// Counters of one server. Written by the loop, read by anyone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace clusterkit::http {

struct HttpStats {
  std::atomic<std::uint64_t> requests{0};               // answered, whatever the status
  std::array<std::atomic<std::uint64_t>, 6> byClass{};  // by first digit of the status
  std::atomic<std::uint64_t> accepted{0};               // connections
  std::atomic<std::uint64_t> refused{0};                // connections answered 503 or closed because of a cap
  std::atomic<std::uint64_t> open{0};                   // connections now
  std::atomic<std::uint64_t> waiting{0};                // of them, with a long poll or a stream
  std::atomic<std::uint64_t> malformed{0};              // requests that the parser refused
  std::atomic<std::uint64_t> timeouts{0};               // requests or answers that took too long
};

}  // namespace clusterkit::http
