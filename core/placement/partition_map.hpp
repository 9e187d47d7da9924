// Which members own which partition, and since which epoch. Immutable: a change makes a new map, so readers
// on any thread share one without a lock. A lookup costs one MD5 and two array reads, and allocates nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "clusterkit/types.hpp"
#include "placement/partition_hash.hpp"
#include "placement/partition_id.hpp"

namespace clusterkit {

// The owners of one partition, the primary first, no member twice.
using Owners = std::vector<MemberId>;
// The owners of every partition, by number.
using Assignment = std::vector<Owners>;

// New owners for one partition; its epoch rises by one.
struct OwnerChange {
  PartitionId partition;
  Owners owners;
};

class PartitionMap {
 public:
  // One partition as it is stored in snapshots.
  struct Entry {
    Owners owners;
    Epoch epoch;
  };

  // What a lookup answers; `owners` points into the map and lives as long as it.
  struct Lookup {
    PartitionId partition;
    Epoch epoch;
    std::span<const MemberId> owners;
  };

  // A map without partitions.
  PartitionMap() : starts_(1, 0) {}
  // `partitionCount` partitions that nobody owns yet, all at epoch 0.
  explicit PartitionMap(std::uint32_t partitionCount);
  // As stored; throws std::invalid_argument when a partition names a member twice or the member 0.
  PartitionMap(std::span<const Entry> entries, Epoch mapEpoch);

  std::uint32_t partitionCount() const noexcept { return static_cast<std::uint32_t>(epochs_.size()); }
  // Rises by one with every change of any partition's owners, however many change at once.
  Epoch epoch() const noexcept { return epoch_; }

  // Preconditions of the lookups: the map has partitions, and the partition is one of them.
  PartitionId partitionOf(std::string_view key) const noexcept {
    return partitionOfKey(key, partitionCount());
  }
  std::span<const MemberId> ownersOf(PartitionId partition) const noexcept {
    const std::uint32_t* start = starts_.data() + partition.value;
    return {owners_.data() + start[0], start[1] - start[0]};
  }
  std::span<const MemberId> replicasOf(PartitionId partition) const noexcept {
    const auto owners = ownersOf(partition);
    return owners.empty() ? owners : owners.subspan(1);
  }
  // MemberId(0) when nobody owns it.
  MemberId primaryOf(PartitionId partition) const noexcept {
    const auto owners = ownersOf(partition);
    return owners.empty() ? MemberId() : owners.front();
  }
  // The fencing token for applications: rises with every change of this partition's owners or of their order.
  Epoch epochOf(PartitionId partition) const noexcept { return epochs_[partition.value]; }
  Lookup lookup(std::string_view key) const noexcept {
    const PartitionId partition = partitionOf(key);
    return {partition, epochOf(partition), ownersOf(partition)};
  }
  bool contains(PartitionId partition) const noexcept { return partition.value < epochs_.size(); }
  bool owns(MemberId member, PartitionId partition) const noexcept;

  // The map after these changes: epochs of the named partitions and of the map rise by one. A change that
  // names the owners which are there already changes no epoch. Throws std::invalid_argument for a partition
  // that does not exist or is named twice, a member named twice, or the member 0.
  PartitionMap withOwners(std::span<const OwnerChange> changes) const;

  Assignment assignment() const;

  friend bool operator==(const PartitionMap&, const PartitionMap&) = default;

 private:
  std::vector<std::uint32_t> starts_;  // owners_[starts_[p] .. starts_[p + 1]) own partition p
  std::vector<MemberId> owners_;
  std::vector<Epoch> epochs_;
  Epoch epoch_;
};

}  // namespace clusterkit
