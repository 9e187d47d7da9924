#include "records.hpp"

#include <clusterkit/plugin.hpp>

#include "codec.hpp"
#include "configuration.hpp"

namespace clusterkit::raft {

LogRecords::LogRecords(const std::vector<Entry>& entries) {
  configurations_.resize(entries.size());  // records point into it
  records_.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    const std::string_view data = wire::encodeEntryData(entry, configurations_[i]);
    records_.push_back({entry.index.value, entry.term.value, static_cast<std::uint32_t>(wire::typeOf(entry)),
                        0, span(data)});
  }
}

Entry entryFrom(const ck_log_entry& record) {
  auto entry = wire::decodeEntry(LogIndex(record.index), Term(record.term), record.type, view(record.data));
  if (!entry)
    throw Error(CK_CORRUPT, "log entry " + std::to_string(record.index) + " of type " +
                                std::to_string(record.type) + " cannot be read by this version");
  return std::move(*entry);
}

std::string configOf(const SnapshotMeta& meta) { return wire::encodeSnapshotConfiguration(meta); }

ck_snap_meta toAbi(const SnapshotMeta& meta, const std::string& config) {
  ck_snap_meta out{};
  out.size = sizeof out;
  out.index = meta.index.value;
  out.term = meta.term.value;
  out.config = span(config);
  out.total_size = meta.totalSize;
  out.checksum = meta.checksum;
  return out;
}

SnapshotMeta snapshotFrom(const ck_snap_meta& meta) {
  SnapshotMeta out;
  if (meta.index == 0) return out;
  auto configuration = wire::decodeSnapshotConfiguration(view(meta.config));
  if (!configuration)
    throw Error(CK_CORRUPT,
                "the configuration of the snapshot at " + std::to_string(meta.index) + " cannot be read");
  out.index = LogIndex(meta.index);
  out.term = Term(meta.term);
  out.configuration = std::move(configuration->configuration);
  out.configurationIndex = configuration->index;
  out.totalSize = meta.total_size;
  out.checksum = meta.checksum;
  return out;
}

}  // namespace clusterkit::raft
