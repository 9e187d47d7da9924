#include "placement/partition_id.hpp"

#include <charconv>

namespace clusterkit {

namespace {
constexpr std::string_view kPrefix = "partition-";
}

std::string toString(PartitionId partition) { return std::string(kPrefix) + std::to_string(partition.value); }

std::optional<PartitionId> parsePartitionId(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  PartitionId partition;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), partition.value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return partition;
}

}  // namespace clusterkit
