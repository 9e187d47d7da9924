#include "snapshot_receiver.hpp"

#include <utility>

#include "records.hpp"

namespace clusterkit::raft {

void SnapshotReceiver::run(std::vector<SnapshotStep> steps) {
  for (SnapshotStep& step : steps) steps_.push_back(std::move(step));
  if (!busy_) next();
}

void SnapshotReceiver::next() {
  while (!busy_ && !steps_.empty()) {
    const SnapshotStep step = std::move(steps_.front());
    steps_.pop_front();
    if (const auto* b = std::get_if<BeginSnapshot>(&step))
      begin(*b);
    else if (const auto* w = std::get_if<WriteSnapshot>(&step))
      write(*w);
    else if (const auto* c = std::get_if<CommitSnapshot>(&step))
      commit(*c);
    else
      abort();
  }
}

void SnapshotReceiver::settle() {
  busy_ = false;
  next();
}

void SnapshotReceiver::begin(const BeginSnapshot& step) {
  abort();
  const std::string config = configOf(step.meta);
  const ck_snap_meta meta = toAbi(step.meta, config);
  std::uint64_t handle = 0;
  if (ports_.store->snap_create(ports_.storeSelf, &meta, &handle) == CK_OK)
    handle_ = handle;
  else
    feed_(SnapshotStoreFailed{step.reception});
}

void SnapshotReceiver::write(const WriteSnapshot& step) {
  if (handle_ == 0) return;  // its beginning has failed, and was told
  busy_ = true;
  const std::uint64_t after = step.offset + step.bytes.size();
  ck_buf chunk = Buffer::of(std::string(step.bytes.view())).release();
  ports_.store->snap_write(ports_.storeSelf, handle_, step.offset, &chunk,
                           ports_.expect([this, alive = std::weak_ptr(alive_), reception = step.reception,
                                          after](StoreResult result) {
                             if (alive.expired()) return;
                             if (result.ok()) {
                               feed_(SnapshotChunkWritten{reception, after});
                             } else {
                               abort();
                               feed_(SnapshotStoreFailed{reception});
                             }
                             settle();
                           }));
}

void SnapshotReceiver::commit(const CommitSnapshot& step) {
  if (handle_ == 0) return;
  busy_ = true;
  ports_.store->snap_commit(
      ports_.storeSelf, std::exchange(handle_, 0),
      ports_.expect([this, alive = std::weak_ptr(alive_), reception = step.reception](StoreResult result) {
        if (alive.expired()) return;
        const auto fault = result.status == CK_CORRUPT ? SnapshotFault::Content : SnapshotFault::Store;
        if (result.ok())
          feed_(SnapshotStored{reception});
        else
          feed_(SnapshotStoreFailed{reception, fault});
        settle();
      }));
}

void SnapshotReceiver::abort() {
  if (handle_ != 0) ports_.store->snap_abort(ports_.storeSelf, std::exchange(handle_, 0));
}

}  // namespace clusterkit::raft
