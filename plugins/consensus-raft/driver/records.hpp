// Entries and snapshots as the store keeps them: the entry's type in the record, a configuration as wire
// bytes.
#pragma once

#include <clusterkit/store.h>

#include <string>
#include <vector>

#include "types.hpp"

namespace clusterkit::raft {

// A view of entries as records; borrows the entries' bytes, owns those of configurations.
class LogRecords {
 public:
  explicit LogRecords(const std::vector<Entry>& entries);
  const ck_log_entry* data() const { return records_.empty() ? nullptr : records_.data(); }
  std::uint64_t size() const { return records_.size(); }

 private:
  std::vector<std::string> configurations_;
  std::vector<ck_log_entry> records_;
};

// Throws Error(CK_CORRUPT) for a record that no version of this plugin writes.
Entry entryFrom(const ck_log_entry& record);

// ck_snap_meta::config holds the configuration and where it stood in the log. `config` must outlive the
// result.
std::string configOf(const SnapshotMeta& meta);
ck_snap_meta toAbi(const SnapshotMeta& meta, const std::string& config);
SnapshotMeta snapshotFrom(const ck_snap_meta& meta);  // throws Error(CK_CORRUPT)

}  // namespace clusterkit::raft
