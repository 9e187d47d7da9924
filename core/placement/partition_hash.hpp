// The published rule from a key to its partition: the first 4 bytes of MD5(key) as a big-endian number,
// modulo the partition count. Part of the contract with clients in every language (semantics.md); it can
// never change.
#pragma once

#include <cstdint>
#include <string_view>

#include "placement/partition_id.hpp"

namespace clusterkit {

// About 110 ns for short keys, without allocation. Any thread.
std::uint32_t partitionHash(std::string_view bytes) noexcept;

// Precondition: partitionCount > 0.
inline PartitionId partitionOfKey(std::string_view key, std::uint32_t partitionCount) noexcept {
  return PartitionId(partitionHash(key) % partitionCount);
}

}  // namespace clusterkit
