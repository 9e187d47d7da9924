// The snapshot calls of the store.
#include <algorithm>
#include <clusterkit/checksum.hpp>

#include "memory_store.hpp"

namespace clusterkit::memory {

ck_status MemoryStore::snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) {
  if (state_ != State::open) return CK_UNAVAILABLE;
  if (meta.index == 0 || (meta.config.size != 0 && meta.config.data == nullptr)) return CK_INVALID;
  handle = ++lastHandle_;
  Snapshot fresh;
  fresh.index = meta.index;
  fresh.term = meta.term;
  fresh.announcedSize = meta.total_size;
  fresh.announcedChecksum = meta.checksum;
  fresh.config = view(meta.config);
  incoming_ = Incoming{handle, std::move(fresh)};
  return CK_OK;
}

void MemoryStore::snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (!incoming_ || handle != incoming_->handle)
    return refuseLater(token, CK_STALE, "this snapshot is not being written");
  if (offset != incoming_->snapshot.bytes.size())
    return refuseLater(token, CK_INVALID, "the offset does not follow the bytes before");
  incoming_->snapshot.bytes += chunk.bytes();
  completeLater(token, CK_OK);
}

void MemoryStore::snapCommit(std::uint64_t handle, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (!incoming_ || handle != incoming_->handle)
    return refuseLater(token, CK_STALE, "this snapshot is not being written");
  Snapshot snapshot = std::move(incoming_->snapshot);
  incoming_.reset();
  if (snapshot.index <= shape_.snapshot().index)
    return refuseLater(token, CK_STALE, "an equal or newer snapshot is there");
  if (snapshot.announcedSize != 0 && snapshot.announcedSize != snapshot.bytes.size())
    return refuseLater(token, CK_INVALID, "the snapshot does not have the announced size");
  snapshot.checksum = crc64(snapshot.bytes);
  if (snapshot.announcedChecksum != 0 && snapshot.announcedChecksum != snapshot.checksum)
    return refuseLater(token, CK_CORRUPT, "the snapshot's checksum is not the announced one");

  const LogShape::Position position{snapshot.index, snapshot.term};
  const bool kept = shape_.contains(position);
  if (!kept) log_.clear();
  shape_.install(position, kept ? LogShape::LogAfterSnapshot::kept : LogShape::LogAfterSnapshot::dropped);
  snapshot_ = std::make_shared<const Snapshot>(std::move(snapshot));
  completeLater(token, CK_OK);
}

void MemoryStore::snapAbort(std::uint64_t handle) {
  if (incoming_ && handle == incoming_->handle) incoming_.reset();
}

void MemoryStore::snapOpen(ck_token token) {
  if (refusedAsClosed(token)) return;
  if (!snapshot_) return refuseLater(token, CK_NOT_FOUND, "there is no snapshot");
  struct Payload {
    ck_snap_meta meta;
    std::shared_ptr<const Snapshot> snapshot;
  };
  auto payload = std::make_unique<Payload>(Payload{{}, snapshot_});
  const Snapshot& s = *snapshot_;
  payload->meta = {sizeof(ck_snap_meta), 0, s.index, s.term, span(s.config), s.bytes.size(), s.checksum};
  const std::uint64_t handle = ++lastHandle_;
  readable_[handle] = snapshot_;
  ck_snap_meta* meta = &payload->meta;
  completeLater(token, CK_OK, handle, Buffer::ofStruct(std::move(payload), meta));
}

void MemoryStore::snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) {
  if (refusedAsClosed(token)) return;
  const auto found = readable_.find(handle);
  if (found == readable_.end()) return refuseLater(token, CK_STALE, "this snapshot is not open");
  const std::string& bytes = found->second->bytes;
  std::string part = offset < bytes.size() ? bytes.substr(offset, max) : std::string();
  const std::uint64_t count = part.size();
  completeLater(token, CK_OK, count, Buffer::of(std::move(part)));
}

void MemoryStore::snapClose(std::uint64_t handle) { readable_.erase(handle); }

}  // namespace clusterkit::memory
