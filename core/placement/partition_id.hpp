// The number of a partition: 0 .. partition_count - 1. Printed as "partition-7", as users of the HTTP API
// know it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace clusterkit {

struct PartitionId {
  std::uint32_t value = 0;

  constexpr PartitionId() = default;
  constexpr explicit PartitionId(std::uint32_t v) : value(v) {}
  friend constexpr auto operator<=>(PartitionId, PartitionId) = default;
};

// More partitions than this are refused by the settings; every sum in this folder fits its type because of
// it.
inline constexpr std::uint32_t kMaxPartitionCount = 65536;
inline constexpr std::uint32_t kMaxReplicationFactor = 16;

std::string toString(PartitionId partition);
// Reads exactly what toString() writes ("partition-07" and "partition-+7" are refused); nothing about the
// count.
std::optional<PartitionId> parsePartitionId(std::string_view text);

}  // namespace clusterkit

template <>
struct std::hash<clusterkit::PartitionId> {
  std::size_t operator()(clusterkit::PartitionId p) const noexcept { return p.value; }
};
