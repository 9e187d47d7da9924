#include "snapshot_sender.hpp"

#include <utility>

#include "records.hpp"

namespace clusterkit::raft {

void SnapshotSender::read(const SnapshotRead& request) {
  if (open_ && open_->meta.index >= request.index) {
    readChunk(request);
    return;
  }
  waiting_.push_back(request);
  openForWaiting();
}

// The handle of an older snapshot gives way once its reads are done: its bytes would answer nobody who waits.
void SnapshotSender::openForWaiting() {
  if (waiting_.empty() || reading_ != 0) return;
  close();
  open();
}

void SnapshotSender::open() {
  if (std::exchange(opening_, true)) return;
  ports_.store->snap_open(
      ports_.storeSelf, ports_.expect([this, alive = std::weak_ptr(alive_)](StoreResult result) {
        if (alive.expired()) return;
        opening_ = false;
        if (result.ok())
          open_ = Open{result.value0,
                       snapshotFrom(*reinterpret_cast<const ck_snap_meta*>(result.payload.bytes().data()))};
        for (const SnapshotRead& request : std::exchange(waiting_, {})) {
          if (open_ && open_->meta.index >= request.index)
            readChunk(request);
          else
            feed_(SnapshotReadFailed{request.to});
        }
      }));
}

void SnapshotSender::readChunk(const SnapshotRead& request) {
  const SnapshotMeta meta = open_->meta;
  const std::uint64_t offset = meta.index == request.index ? request.offset : 0;
  ++reading_;
  ports_.store->snap_read(
      ports_.storeSelf, open_->handle, offset, request.maxBytes,
      ports_.expect([this, alive = std::weak_ptr(alive_), to = request.to, meta, offset](StoreResult result) {
        if (alive.expired()) return;
        --reading_;
        if (!result.ok() && reading_ == 0) close();
        openForWaiting();
        if (!result.ok()) {
          feed_(SnapshotReadFailed{to});
          return;
        }
        feed_(SnapshotBytesRead{to, meta, offset, Bytes(std::string(result.payload.bytes()))});
      }));
}

void SnapshotSender::idle() {
  if (open_ && reading_ == 0) close();
}

void SnapshotSender::close() {
  if (open_) ports_.store->snap_close(ports_.storeSelf, open_->handle);
  open_.reset();
}

}  // namespace clusterkit::raft
