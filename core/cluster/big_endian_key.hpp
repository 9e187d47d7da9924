// Numbers as map keys: eight bytes, highest first, so that the order of the keys is the order of the numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "clusterkit/types.hpp"
#include "placement/partition_id.hpp"

namespace clusterkit {

class BigEndianKey {
 public:
  constexpr explicit BigEndianKey(std::uint64_t number) {
    for (int i = 0; i < 8; ++i)
      bytes_[static_cast<std::size_t>(i)] = static_cast<char>(number >> (56 - 8 * i));
  }
  template <class Tag>
  constexpr explicit BigEndianKey(Number<Tag> number) : BigEndianKey(number.value) {}
  constexpr explicit BigEndianKey(PartitionId partition) : BigEndianKey(partition.value) {}

  constexpr operator std::string_view() const { return {bytes_.data(), bytes_.size()}; }

  // Precondition: eight bytes.
  static constexpr std::uint64_t read(std::string_view key) {
    std::uint64_t number = 0;
    for (const char c : key) number = number << 8 | static_cast<unsigned char>(c);
    return number;
  }

 private:
  std::array<char, 8> bytes_{};
};

}  // namespace clusterkit
