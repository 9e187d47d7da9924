// The snapshot calls: written beside the present one, committed in the order of all other writes.
#include <algorithm>
#include <clusterkit/checksum.hpp>

#include "simulation/disk_store.hpp"

namespace clusterkit::sim {

ck_status DiskStore::snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) {
  if (failed_) return CK_FATAL;
  if (parts_.disk.faults.full) return CK_NO_SPACE;
  handle = ++lastHandle_;
  incoming_ = Incoming{
      handle, meta.total_size, meta.checksum, {meta.index, meta.term, 0, std::string(view(meta.config)), {}}};
  return CK_OK;
}

void DiskStore::snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) {
  if (!incoming_ || handle != incoming_->handle) {
    host_.fail(token, CK_STALE, "this snapshot is not being written");
  } else if (offset != incoming_->snapshot.bytes.size()) {
    host_.fail(token, CK_INVALID, "the offset does not follow the bytes before");
  } else if (parts_.disk.faults.full) {
    host_.fail(token, CK_NO_SPACE, "the disk is full");
  } else {
    incoming_->snapshot.bytes += chunk.bytes();
    host_.complete(token, CK_OK);
  }
}

void DiskStore::snapCommit(std::uint64_t handle, ck_token token) {
  if (!incoming_ || handle != incoming_->handle) {
    host_.fail(token, CK_STALE, "this snapshot is not being written");
    return;
  }
  const Incoming incoming = *std::exchange(incoming_, std::nullopt);
  auto snapshot = std::make_shared<DiskSnapshot>(incoming.snapshot);
  snapshot->checksum = crc64(snapshot->bytes);
  if (incoming.announcedSize != 0 && incoming.announcedSize != snapshot->bytes.size()) {
    host_.fail(token, CK_INVALID, "the snapshot does not have the announced size");
  } else if (incoming.announcedChecksum != 0 && incoming.announcedChecksum != snapshot->checksum) {
    host_.fail(token, CK_CORRUPT, "the snapshot's checksum is not the announced one");
  } else if (parts_.power.spend()) {
    parts_.disk.unsynced.emplace_back(SnapshotCommit{std::move(snapshot), token});
    if (syncing_ == 0) startSync();
  }
}

void DiskStore::complete(const SnapshotCommit& commit) {
  const LogShape::Position position{commit.snapshot->index, commit.snapshot->term};
  if (position.index <= shape_.snapshot().index) {
    host_.fail(commit.token, CK_STALE, "an equal or newer snapshot is there");
    return;
  }
  const bool kept = shape_.contains(position);
  shape_.install(position, kept ? LogShape::LogAfterSnapshot::kept : LogShape::LogAfterSnapshot::dropped);
  parts_.trace.note(Step::SnapshotMade, parts_.member.value, position.index);
  host_.complete(commit.token, CK_OK);
}

void DiskStore::snapAbort(std::uint64_t handle) {
  if (incoming_ && handle == incoming_->handle) incoming_.reset();
}

void DiskStore::snapOpen(ck_token token) {
  const std::shared_ptr<const DiskSnapshot> snapshot = parts_.disk.durable.snapshot;
  if (snapshot == nullptr) {
    host_.fail(token, CK_NOT_FOUND, "there is no snapshot");
    return;
  }
  struct Payload {
    ck_snap_meta meta;
    std::shared_ptr<const DiskSnapshot> snapshot;
  };
  auto payload = std::make_unique<Payload>(Payload{{}, snapshot});
  const DiskSnapshot& s = *snapshot;
  payload->meta = {sizeof(ck_snap_meta), 0, s.index, s.term, span(s.config), s.bytes.size(), s.checksum};
  const std::uint64_t handle = ++lastHandle_;
  readable_[handle] = snapshot;
  ck_snap_meta* const meta = &payload->meta;
  host_.complete(token, CK_OK, handle, 0, Buffer::ofStruct(std::move(payload), meta));
}

void DiskStore::snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) {
  const auto found = readable_.find(handle);
  if (found == readable_.end()) {
    host_.fail(token, CK_STALE, "this snapshot is not open");
    return;
  }
  const std::string& bytes = found->second->bytes;
  std::string part = offset < bytes.size()
                         ? bytes.substr(offset, std::min<std::uint64_t>(max, parts_.snapshotPiece))
                         : std::string();
  const std::uint64_t count = part.size();
  host_.complete(token, CK_OK, count, 0, Buffer::of(std::move(part)));
}

void DiskStore::snapClose(std::uint64_t handle) { readable_.erase(handle); }

}  // namespace clusterkit::sim
