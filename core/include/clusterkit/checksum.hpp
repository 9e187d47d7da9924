// CRC-64/XZ: the checksum of snapshots (ck_snap_meta.checksum), the same in every store, so that a snapshot
// can be checked after it travelled between two nodes with different stores. Finds accidents, not attackers.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace clusterkit {

namespace checksum_detail {

using Table = std::array<std::array<std::uint64_t, 256>, 8>;  // "slicing by eight"

constexpr Table makeTable() {
  Table t{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t s = i;
    for (int bit = 0; bit < 8; ++bit) s = (s >> 1) ^ ((s & 1) != 0 ? 0xC96C5795D7870F42u : 0u);
    t[0][i] = s;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i) t[k][i] = t[0][t[k - 1][i] & 255] ^ (t[k - 1][i] >> 8);
  return t;
}

inline constexpr Table table = makeTable();

}  // namespace checksum_detail

class Crc64 {
 public:
  Crc64() = default;
  // Continues from the value of an earlier one, as if its bytes had come first.
  explicit Crc64(std::uint64_t earlier) : state_(~earlier) {}

  void add(std::string_view bytes) {
    static_assert(std::endian::native == std::endian::little,
                  "eight bytes at a time are read as little endian");
    using checksum_detail::table;
    const char* p = bytes.data();
    std::size_t n = bytes.size();
    std::uint64_t s = state_;
    for (; n >= 8; p += 8, n -= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      s ^= word;
      s = table[7][s & 255] ^ table[6][(s >> 8) & 255] ^ table[5][(s >> 16) & 255] ^
          table[4][(s >> 24) & 255] ^ table[3][(s >> 32) & 255] ^ table[2][(s >> 40) & 255] ^
          table[1][(s >> 48) & 255] ^ table[0][s >> 56];
    }
    for (; n > 0; ++p, --n) s = table[0][(s ^ static_cast<std::uint8_t>(*p)) & 255] ^ (s >> 8);
    state_ = s;
  }
  // A number counts as its eight bytes, lowest first.
  void add(std::uint64_t number) {
    char bytes[8];
    std::memcpy(bytes, &number, 8);
    add(std::string_view(bytes, 8));
  }
  std::uint64_t value() const { return ~state_; }

 private:
  std::uint64_t state_ = ~std::uint64_t{0};
};

inline std::uint64_t crc64(std::string_view bytes) {
  Crc64 c;
  c.add(bytes);
  return c.value();
}

}  // namespace clusterkit
