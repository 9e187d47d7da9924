// SipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF"): a keyed 64-bit hash. The key is a
// random fact of the cluster that no API shows, so nobody can choose keys that pile up in one place. Same on
// every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace clusterkit {

struct HashSeed {
  std::uint64_t value = 0;
  friend constexpr bool operator==(HashSeed, HashSeed) = default;
};

std::uint64_t sipHash(HashSeed seed, std::string_view bytes) noexcept;

}  // namespace clusterkit
