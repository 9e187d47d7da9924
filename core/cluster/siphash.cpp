#include "cluster/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace clusterkit {
namespace {

struct Lanes {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

// Lowest byte first on every machine.
std::uint64_t readWord(const char* bytes, std::size_t count) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    if (count == 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes, 8);
      return word;
    }
  }
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

}  // namespace

std::uint64_t sipHash(HashSeed seed, std::string_view bytes) noexcept {
  const std::uint64_t k0 = seed.value;
  const std::uint64_t k1 =
      mixBits(seed.value);  // one random word stretched to the two that the function takes
  Lanes lanes{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
              k1 ^ 0x7465646279746573u};
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) lanes.absorb(readWord(at, 8));
  lanes.absorb(readWord(at, left) | std::uint64_t{bytes.size()} << 56);
  lanes.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) lanes.round();
  return lanes.v0 ^ lanes.v1 ^ lanes.v2 ^ lanes.v3;
}

}  // namespace clusterkit
