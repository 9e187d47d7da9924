// Bits that flip, and what the store does when it finds them: plugins/store-sqlite/README.md, "What damage is
// found".
#include <algorithm>
#include <clusterkit/checksum.hpp>
#include <clusterkit/plugin.hpp>

#include "simulation/disk.hpp"

namespace clusterkit::sim {
namespace {

std::string withFlippedBit(std::string bytes, Dice& dice) {
  const std::uint64_t bit = dice.below(bytes.size() * 8);
  bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1u << bit % 8));
  return bytes;
}

void flipIn(DiskEntry& entry, Dice& dice) {
  if (!entry.checksum) entry.checksum = entry.sum();
  if (entry.bytes->empty()) {
    entry.record.term ^= std::uint64_t{1} << dice.below(8);
    return;
  }
  entry.bytes = std::make_shared<const std::string>(withFlippedBit(*entry.bytes, dice));
  entry.record.data = span(*entry.bytes);
}

}  // namespace

std::uint64_t DiskEntry::sum() const {
  return crc64(*bytes) ^
         (record.index * 0x9e3779b97f4a7c15u + record.term * 0xc2b2ae3d27d4eb4fu + record.type);
}

std::uint64_t DiskImage::sumOf(const ck_hard_state& hard) {
  return hard.term * 0x9e3779b97f4a7c15u ^ hard.voted_for * 0xc2b2ae3d27d4eb4fu ^
         hard.commit * 0x165667b19e3779f9u;
}

void DiskImage::set(const ck_hard_state& state) {
  hard = state;
  hardChecksum = sumOf(state);
}

Disk::Part Disk::flipBit(Dice& dice) {
  damaged_ = true;
  const std::uint64_t what = dice.below(16);
  if (what < 10 && !durable.log.empty()) {
    // The newest entries are those that not everybody has.
    const std::size_t size = durable.log.size();
    const std::size_t among = dice.oneIn(3) ? size : std::min<std::size_t>(size, 10);
    flipIn(durable.log[size - 1 - dice.below(among)], dice);
    return Part::Entry;
  }
  if (what < 13 && durable.snapshot != nullptr && !durable.snapshot->bytes.empty()) {
    auto damaged = std::make_shared<DiskSnapshot>(*durable.snapshot);
    damaged->bytes = withFlippedBit(std::move(damaged->bytes), dice);
    durable.snapshot = std::move(damaged);
    return Part::Snapshot;
  }
  if (what == 13) {
    durable.hard.term ^= std::uint64_t{1} << dice.below(64);
    return Part::HardState;
  }
  markDamaged = true;
  return Part::Mark;
}

void Disk::verify() {
  damaged_ = false;
  if (DiskImage::sumOf(durable.hard) != durable.hardChecksum) unreadable = true;
  if (unreadable) return;
  const std::uint64_t before = durable.shape.end().index;
  const bool markKept = !std::exchange(markDamaged, false);
  const bool snapshotKept = !fallBackToPreviousSnapshot();
  const bool logKept = !cutAtFirstDamagedEntry();
  if (markKept && snapshotKept && logKept) return;
  // What stands at the present end later may be older than what was acknowledged, so the repair goes past it.
  const std::uint64_t end = durable.shape.end().index;
  ck_hard_state hard = durable.hard;
  hard.commit = std::min(hard.commit, end);
  durable.set(hard);
  repairIndex = std::max({repairIndex, before, end + 1});
}

// Without one that the log reaches back to, nothing is left but term and vote.
bool Disk::fallBackToPreviousSnapshot() {
  const auto& newest = durable.snapshot;
  if (newest == nullptr || crc64(newest->bytes) == newest->checksum) return false;
  const auto before = std::exchange(durable.previous, nullptr);
  const bool kept = before != nullptr && crc64(before->bytes) == before->checksum;
  if (kept && !durable.shape.empty() && durable.shape.first() <= before->index + 1) {
    durable.snapshot = before;
    durable.shape.install({before->index, before->term}, LogShape::LogAfterSnapshot::kept);
  } else {
    durable.snapshot = nullptr;
    durable.shape = LogShape();
    durable.log.clear();
  }
  return true;
}

bool Disk::cutAtFirstDamagedEntry() {
  const auto damaged = std::find_if(durable.log.begin(), durable.log.end(),
                                    [](const DiskEntry& entry) { return entry.isDamaged(); });
  if (damaged == durable.log.end()) return false;
  const std::uint64_t first = durable.shape.first();
  const std::uint64_t index = first + static_cast<std::uint64_t>(damaged - durable.log.begin());
  DiskBatch cut;
  cut.truncateFrom = index <= durable.shape.snapshot().index ? first : index;
  durable.take(cut);
  return true;
}

}  // namespace clusterkit::sim
