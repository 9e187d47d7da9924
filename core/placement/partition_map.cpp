#include "placement/partition_map.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace clusterkit {

namespace {

void checkOwners(PartitionId partition, const Owners& owners) {
  for (auto member = owners.begin(); member != owners.end(); ++member) {
    if (!*member) throw std::invalid_argument(toString(partition) + ": member 0 cannot own it");
    if (std::find(owners.begin(), member, *member) != member) {
      throw std::invalid_argument(toString(partition) + ": member " + std::to_string(member->value) +
                                  " is named twice");
    }
  }
}

}  // namespace

PartitionMap::PartitionMap(std::uint32_t partitionCount)
    : starts_(partitionCount + 1, 0), epochs_(partitionCount) {}

PartitionMap::PartitionMap(std::span<const Entry> entries, Epoch mapEpoch) : epoch_(mapEpoch) {
  starts_.reserve(entries.size() + 1);
  epochs_.reserve(entries.size());
  starts_.push_back(0);
  for (const Entry& entry : entries) {
    checkOwners(PartitionId(static_cast<std::uint32_t>(epochs_.size())), entry.owners);
    owners_.insert(owners_.end(), entry.owners.begin(), entry.owners.end());
    starts_.push_back(static_cast<std::uint32_t>(owners_.size()));
    epochs_.push_back(entry.epoch);
  }
}

bool PartitionMap::owns(MemberId member, PartitionId partition) const noexcept {
  const auto owners = ownersOf(partition);
  return std::find(owners.begin(), owners.end(), member) != owners.end();
}

PartitionMap PartitionMap::withOwners(std::span<const OwnerChange> changes) const {
  std::vector<const Owners*> changed(partitionCount(), nullptr);
  bool differs = false;
  for (const OwnerChange& change : changes) {
    if (!contains(change.partition)) {
      throw std::invalid_argument(toString(change.partition) + ": there are " +
                                  std::to_string(partitionCount()) + " partitions");
    }
    checkOwners(change.partition, change.owners);
    if (changed[change.partition.value]) {
      throw std::invalid_argument(toString(change.partition) + ": changed twice at once");
    }
    changed[change.partition.value] = &change.owners;
    differs = differs || !std::ranges::equal(ownersOf(change.partition), change.owners);
  }

  PartitionMap next;
  next.epoch_ = Epoch(epoch_.value + (differs ? 1 : 0));
  next.epochs_ = epochs_;
  next.starts_.reserve(starts_.size());
  next.owners_.reserve(owners_.size() + changes.size());
  for (std::uint32_t p = 0; p < partitionCount(); ++p) {
    const auto before = ownersOf(PartitionId(p));
    if (changed[p] && !std::ranges::equal(before, *changed[p])) {
      next.owners_.insert(next.owners_.end(), changed[p]->begin(), changed[p]->end());
      ++next.epochs_[p].value;
    } else {
      next.owners_.insert(next.owners_.end(), before.begin(), before.end());
    }
    next.starts_.push_back(static_cast<std::uint32_t>(next.owners_.size()));
  }
  return next;
}

Assignment PartitionMap::assignment() const {
  Assignment assignment(partitionCount());
  for (std::uint32_t p = 0; p < partitionCount(); ++p) {
    const auto owners = ownersOf(PartitionId(p));
    assignment[p].assign(owners.begin(), owners.end());
  }
  return assignment;
}

}  // namespace clusterkit
