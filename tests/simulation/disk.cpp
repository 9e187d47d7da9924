#include "simulation/disk.hpp"

#include <algorithm>
#include <clusterkit/plugin.hpp>

namespace clusterkit::sim {

DiskBatch DiskBatch::copyOf(const ck_store_batch& batch, std::uint64_t seq) {
  DiskBatch copy;
  copy.seq = seq;
  if (batch.hard != nullptr) copy.hard = *batch.hard;
  copy.truncateFrom = batch.truncate_from;
  copy.compactTo = batch.compact_to;
  copy.entries.reserve(batch.entry_count);
  for (std::uint64_t i = 0; i < batch.entry_count; ++i) {
    DiskEntry entry{batch.entries[i], std::make_shared<const std::string>(view(batch.entries[i].data)), {}};
    entry.record.data = span(*entry.bytes);
    copy.entries.push_back(std::move(entry));
  }
  for (std::uint64_t i = 0; i < batch.meta_count; ++i) {
    const ck_named_value& m = batch.meta[i];
    copy.named.emplace_back(
        m.name, m.value.data == nullptr ? std::nullopt : std::optional<std::string>(view(m.value)));
  }
  return copy;
}

void DiskImage::apply(const DiskWrite& write) {
  std::visit([this](const auto& w) { take(w); }, write);
}

void DiskImage::take(const DiskBatch& batch) {
  if (batch.hard) set(*batch.hard);
  if (batch.truncateFrom != 0 && !log.empty() && batch.truncateFrom <= shape.last())
    log.resize(batch.truncateFrom > shape.first() ? batch.truncateFrom - shape.first() : 0);
  ck_store_batch cut{}, compact{};
  cut.truncate_from = batch.truncateFrom;
  compact.compact_to = batch.compactTo;
  shape.apply(cut);
  for (const DiskEntry& entry : batch.entries) {
    log.push_back(entry);
    shape.append(entry.record.index, entry.record.term);
  }
  shape.apply(compact);
  while (!log.empty() && log.size() > (shape.empty() ? 0 : shape.last() - shape.first() + 1)) log.pop_front();
  for (const auto& [key, value] : batch.named) {
    if (value)
      named[key] = *value;
    else
      named.erase(key);
  }
}

void DiskImage::take(const SnapshotCommit& commit) {
  const LogShape::Position position{commit.snapshot->index, commit.snapshot->term};
  if (position.index <= shape.snapshot().index) return;
  const bool kept = shape.contains(position);
  if (!kept) log.clear();
  shape.install(position, kept ? LogShape::LogAfterSnapshot::kept : LogShape::LogAfterSnapshot::dropped);
  previous = std::exchange(snapshot, commit.snapshot);
}

void Disk::settle(std::size_t n) {
  for (; n > 0; --n) {
    durable.apply(unsynced.front());
    unsynced.pop_front();
  }
  if (durable.shape.end().index >= repairIndex) repairIndex = 0;
}

std::size_t Disk::losePower(Dice& dice) {
  const std::size_t kept = dice.below(unsynced.size() + 1);
  settle(kept);
  unsynced.clear();
  return kept;
}

}  // namespace clusterkit::sim
