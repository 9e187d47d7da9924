#include "snapshot_files.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace clusterkit::sqlite {

namespace {

constexpr std::uint64_t readSize = 1 << 20;
// Synced in slices, so that the log's own sync never waits for a whole snapshot.
constexpr std::uint64_t syncSlice = 8 << 20;

std::uint64_t checksumOf(const File& file) {
  Crc64 crc;
  for (std::uint64_t offset = 0;;) {
    const std::string part = file.read(offset, readSize);
    if (part.empty()) return crc.value();
    crc.add(part);
    offset += part.size();
  }
}

}  // namespace

std::filesystem::path SnapshotFolder::fileOf(const SnapshotRow& row) const {
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "%016llx-%016llx.snap", static_cast<unsigned long long>(row.index),
                static_cast<unsigned long long>(row.term));
  return path_ / name.data();
}

std::filesystem::path SnapshotFolder::incomingFile(std::uint64_t handle) const {
  return path_ / ("incoming-" + std::to_string(handle) + ".tmp");
}

File SnapshotFolder::openVerified(const SnapshotRow& row) const {
  const auto path = fileOf(row);
  if (!std::filesystem::exists(path)) throw Error(CK_CORRUPT, "snapshot " + path.string() + " is missing");
  File file(path, File::Mode::readOnly);
  if (file.size() != row.size || checksumOf(file) != row.checksum)
    throw Error(CK_CORRUPT, "snapshot " + path.string() + " is damaged: its size or checksum differs");
  return file;
}

void SnapshotFolder::setAside(const SnapshotRow& row) const {
  const auto path = fileOf(row);
  if (!std::filesystem::exists(path)) return;
  renameFile(path, path.string() + ".damaged");
  syncFolder(path_);
}

void SnapshotFolder::keepOnly(const std::vector<SnapshotRow>& rows) const {
  bool removed = false;
  for (const auto& file : std::filesystem::directory_iterator(path_)) {
    const auto extension = file.path().extension();
    const bool known =
        std::any_of(rows.begin(), rows.end(), [&](const SnapshotRow& r) { return fileOf(r) == file.path(); });
    if (known || (extension != ".snap" && extension != ".tmp")) continue;
    removeFile(file.path());
    removed = true;
  }
  if (removed) syncFolder(path_);
}

IncomingSnapshot::IncomingSnapshot(const SnapshotFolder& folder, std::uint64_t handle,
                                   const ck_snap_meta& announced)
    : folder_(folder),
      path_(folder.incomingFile(handle)),
      row_{announced.index, announced.term, 0, 0, std::string(view(announced.config))},
      announcedSize_(announced.total_size),
      announcedChecksum_(announced.checksum) {}

IncomingSnapshot::~IncomingSnapshot() { discard(); }

void IncomingSnapshot::discard() noexcept {
  if (!file_.isOpen()) return;
  file_.close();
  std::remove(path_.c_str());  // what stays in spite of that is removed at the next open
}

template <class F>
void IncomingSnapshot::guarded(F&& work) {
  if (failure_) throw *failure_;
  try {
    work();
  } catch (const Error& e) {
    failure_ = e;
    discard();  // at once, because a full disk needs the room
    throw;
  }
}

void IncomingSnapshot::openFile() {
  if (!file_.isOpen()) file_ = File(path_, File::Mode::createOrTruncate);
}

void IncomingSnapshot::write(std::string_view chunk) {
  guarded([&] {
    openFile();
    file_.write(row_.size, chunk);
    crc_.add(chunk);
    row_.size += chunk.size();
    unsynced_ += chunk.size();
    if (unsynced_ >= syncSlice) {
      file_.sync();
      unsynced_ = 0;
    }
  });
}

const SnapshotRow& IncomingSnapshot::finish() {
  guarded([&] {
    openFile();
    row_.checksum = crc_.value();
    if (announcedSize_ != 0 && announcedSize_ != row_.size)
      throw Error(CK_INVALID, "the snapshot has " + std::to_string(row_.size) + " bytes, announced were " +
                                  std::to_string(announcedSize_));
    if (announcedChecksum_ != 0 && announcedChecksum_ != row_.checksum)
      throw Error(CK_CORRUPT, "the snapshot's checksum is not the announced one");
    file_.sync();
    file_.dropCached();
    if (file_.size() != row_.size || checksumOf(file_) != row_.checksum)
      throw Error(CK_IO, "the disk does not give back what was written to " + path_.string());
    renameFile(path_, folder_.fileOf(row_));
    file_.close();
    syncFolder(folder_.path());
  });
  return row_;
}

}  // namespace clusterkit::sqlite
