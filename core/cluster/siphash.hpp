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

// Spreads the bits of a number over all 64 (the finalizer of Steele's SplitMix64); a bijection.
constexpr std::uint64_t mixBits(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace clusterkit
