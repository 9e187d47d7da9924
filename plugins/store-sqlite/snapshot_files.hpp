// Snapshots as files beside the database: "<index>-<term>.snap" in hex holds the bare bytes; everything else
// about them is a row of the database. A file gets its name only after its bytes were synced, read back and
// found right.
#pragma once

#include <clusterkit/store.h>
#include <clusterkit/checksum.hpp>

#include <optional>
#include <vector>

#include "file.hpp"
#include "state_tables.hpp"

namespace clusterkit::sqlite {

class SnapshotFolder {
 public:
  explicit SnapshotFolder(std::filesystem::path path) : path_(std::move(path)) {}

  void create() const { makeFolder(path_); }
  std::filesystem::path fileOf(const SnapshotRow& row) const;
  std::filesystem::path incomingFile(std::uint64_t handle) const;
  const std::filesystem::path& path() const { return path_; }
  // Opened and checked from the first byte to the last. Throws CK_CORRUPT when size or checksum differ.
  File openVerified(const SnapshotRow& row) const;
  // Puts a damaged file out of the way but keeps it for people to look at.
  void setAside(const SnapshotRow& row) const;
  // Removes unfinished files and snapshots without a row.
  void keepOnly(const std::vector<SnapshotRow>& rows) const;

 private:
  std::filesystem::path path_;
};

// A snapshot on its way in. One thread at a time. Its unfinished file goes away with it.
class IncomingSnapshot {
 public:
  IncomingSnapshot(const SnapshotFolder& folder, std::uint64_t handle, const ck_snap_meta& announced);
  IncomingSnapshot(const IncomingSnapshot&) = delete;
  IncomingSnapshot& operator=(const IncomingSnapshot&) = delete;
  ~IncomingSnapshot();

  std::uint64_t index() const { return row_.index; }
  std::uint64_t term() const { return row_.term; }
  // The first failure is kept: after it the snapshot can only be dropped, and every call throws it again.
  void write(std::string_view chunk);
  // Syncs, checks what the disk gives back against what was announced, and gives the file its name.
  const SnapshotRow& finish();

 private:
  template <class F>
  void guarded(F&& work);
  void openFile();
  void discard() noexcept;

  const SnapshotFolder folder_;
  const std::filesystem::path path_;
  SnapshotRow row_;
  const std::uint64_t announcedSize_, announcedChecksum_;
  File file_;
  Crc64 crc_;
  std::uint64_t unsynced_ = 0;
  std::optional<Error> failure_;
};

}  // namespace clusterkit::sqlite
