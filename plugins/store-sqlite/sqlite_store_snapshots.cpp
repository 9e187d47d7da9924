// The snapshot calls of the store.
#include <algorithm>

#include "sqlite_store.hpp"

namespace clusterkit::sqlite {

void SqliteStore::drop(Incoming incoming) {
  if (incoming.snapshot)
    worker_->push([snapshot = std::move(incoming.snapshot)]() mutable { snapshot.reset(); });
}

ck_status SqliteStore::snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) {
  if (state_ != State::open) return CK_UNAVAILABLE;
  if (meta.index == 0 || (meta.config.size != 0 && meta.config.data == nullptr)) return CK_INVALID;
  drop(std::exchange(incoming_, {}));
  handle = ++lastHandle_;
  incoming_ = {handle, 0, std::make_shared<IncomingSnapshot>(folder_, handle, meta)};
  return CK_OK;
}

void SqliteStore::snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (!incoming_.snapshot || handle != incoming_.handle)
    return refuseLater(token, CK_STALE, "this snapshot is not being written");
  if (offset != incoming_.nextOffset)
    return refuseLater(token, CK_INVALID, "the next offset is " + std::to_string(incoming_.nextOffset));
  incoming_.nextOffset += chunk.bytes().size();
  auto bytes = std::make_shared<Buffer>(std::move(chunk));
  worker_->push([host = host_, snapshot = incoming_.snapshot, bytes, token] {
    try {
      snapshot->write(bytes->bytes());
      bytes->reset();
      host.complete(token, CK_OK);
    } catch (...) {
      host.fail(token, currentError());
    }
  });
}

void SqliteStore::snapCommit(std::uint64_t handle, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (!incoming_.snapshot || handle != incoming_.handle)
    return refuseLater(token, CK_STALE, "this snapshot is not being written");
  auto snapshot = incoming_.snapshot;
  if (snapshot->index() <= std::max(shape_.snapshot().index, highestInstalling())) {
    drop(std::exchange(incoming_, {}));
    return refuseLater(token, CK_STALE, "an equal or newer snapshot is there");
  }
  incoming_ = {};
  const bool kept = !logIsBeingReplaced() && shape_.contains({snapshot->index(), snapshot->term()});
  const auto log = kept ? LogShape::LogAfterSnapshot::kept : LogShape::LogAfterSnapshot::dropped;
  installing_.push_back({token, snapshot->index(), log});
  worker_->push([this, snapshot = std::move(snapshot), log, token]() mutable {
    try {
      writer_->push(InstallSnapshot{snapshot->finish(), log, token});
    } catch (...) {
      const ck_error why = currentError();
      snapshot.reset();  // removes its file before anybody hears of the failure
      onLoop([this, token, why] {
        endInstall(token);
        host_.fail(token, why);
      });
    }
  });
}

// The snapshot is durable and in the database; from here on the loop builds on it.
void SqliteStore::onInstalled(const InstallSnapshot& install) {
  shape_.install({install.row.index, install.row.term}, install.log);
  snapshots_.insert(snapshots_.begin(), install.row);
  if (snapshots_.size() > 2) {
    worker_->push([host = host_, file = folder_.fileOf(snapshots_.back())] {
      try {
        removeFile(file);
      } catch (const Error& e) {
        host.log(CK_LOG_WARN, "store_old_snapshot_stays", {{"reason", e.what()}});
      }
    });
    snapshots_.pop_back();
  }
  endInstall(install.token);
  host_.complete(install.token, CK_OK);
}

void SqliteStore::endInstall(ck_token token) {
  std::erase_if(installing_, [&](const Installing& i) { return i.token == token; });
  if (owesWritable_ && !logIsBeingReplaced()) {
    owesWritable_ = false;
    upcalls_->writable(host_.raw()->cx);
  }
}

void SqliteStore::snapAbort(std::uint64_t handle) {
  if (incoming_.snapshot && handle == incoming_.handle) drop(std::exchange(incoming_, {}));
}

void SqliteStore::snapOpen(ck_token token) {
  if (refusedAsClosed(token)) return;
  if (snapshots_.empty()) return refuseLater(token, CK_NOT_FOUND, "there is no snapshot");
  const std::uint64_t handle = ++lastHandle_;
  auto readable = std::make_shared<Readable>(Readable{snapshots_.front(), {}});
  readable_.emplace(handle, readable);
  worker_->push([this, readable, handle, token] {
    try {
      readable->file = folder_.openVerified(readable->row);
      struct Payload {
        ck_snap_meta meta;
        std::string config;
      };
      const SnapshotRow& row = readable->row;
      auto payload = std::make_unique<Payload>(Payload{{}, row.config});
      payload->meta = {sizeof(ck_snap_meta),  0,        row.index,   row.term,
                       span(payload->config), row.size, row.checksum};
      ck_snap_meta* meta = &payload->meta;
      host_.complete(token, CK_OK, handle, 0, Buffer::ofStruct(std::move(payload), meta));
    } catch (...) {
      onLoop([this, handle] { readable_.erase(handle); });
      host_.fail(token, currentError());
    }
  });
}

void SqliteStore::snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) {
  if (refusedAsClosed(token)) return;
  const auto found = readable_.find(handle);
  if (found == readable_.end()) return refuseLater(token, CK_STALE, "this snapshot is not open");
  worker_->push([host = host_, readable = found->second, offset, max, token] {
    try {
      const std::uint64_t size = readable->row.size;
      const std::uint64_t wanted = offset < size ? std::min(max, size - offset) : 0;
      std::string bytes = readable->file.read(offset, wanted);
      if (bytes.size() != wanted) throw Error(CK_CORRUPT, "the snapshot has become shorter");
      host.complete(token, CK_OK, wanted, 0, Buffer::of(std::move(bytes)));
    } catch (...) {
      host.fail(token, currentError());
    }
  });
}

void SqliteStore::snapClose(std::uint64_t handle) { readable_.erase(handle); }

}  // namespace clusterkit::sqlite
