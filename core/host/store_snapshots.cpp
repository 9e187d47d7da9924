// Snapshots of the core through the store's port: read as a whole, written piece by piece.
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "host/plugin_call.hpp"
#include "host/store_meters.hpp"
#include "host/store_port.hpp"

namespace clusterkit {

SnapshotSource piecesOf(std::string bytes) {
  return [bytes = std::move(bytes), at = std::size_t{0}]() mutable -> std::optional<std::string> {
    if (at >= bytes.size()) return std::nullopt;
    std::string piece = bytes.substr(at, snapshotPiece);
    at += piece.size();
    return piece;
  };
}

// open, read until the announced size or the end, close. Lives in the handlers of its calls.
class StorePort::SnapshotRead : public std::enable_shared_from_this<SnapshotRead> {
 public:
  using Finished = UniqueFunction<void(Result<Snapshot>)>;
  SnapshotRead(StorePort& port, Finished done) : port_(port), done_(std::move(done)) {}

  void begin() {
    const ck_token token =
        port_.issue([self = shared_from_this()](CallOutcome outcome) { self->opened(std::move(outcome)); },
                    Status::Unavailable);
    if (token == 0) return;
    PluginCall call(port_.meters_->snapOpen);
    port_.table_->snap_open(port_.self_, token);
  }

 private:
  void opened(CallOutcome outcome) {
    if (!outcome.ok()) return done_(Failure{outcome.status, std::move(outcome.text)});
    handle_ = outcome.value0;
    ck_snap_meta meta{};
    const std::string_view bytes = outcome.payload.bytes();
    if (bytes.size() < sizeof meta)
      return finish(Failure{Status::Internal, "the snapshot's meta is too short"});
    std::memcpy(&meta, bytes.data(), sizeof meta);
    snapshot_.meta = SnapshotMeta::fromAbi(meta);
    readOn();
  }

  void readOn() {
    if (!port_.usable()) return finish(Failure{Status::Unavailable, "the store is not open"});
    const ck_token token =
        port_.issue([self = shared_from_this()](CallOutcome outcome) { self->read(std::move(outcome)); },
                    Status::Unavailable);
    if (token == 0) return;
    PluginCall call(port_.meters_->snapRead);
    port_.table_->snap_read(port_.self_, handle_, snapshot_.bytes.size(), snapshotPiece, token);
  }

  void read(CallOutcome outcome) {
    if (!outcome.ok()) return finish(Failure{outcome.status, std::move(outcome.text)});
    const std::string_view bytes = outcome.payload.bytes();
    snapshot_.bytes += bytes;
    const std::uint64_t announced = snapshot_.meta.totalSize;
    if (announced != 0 && snapshot_.bytes.size() > announced)
      return finish(Failure{Status::Corrupt, "the snapshot is longer than its meta says"});
    if (!bytes.empty()) return readOn();
    if (announced != 0 && snapshot_.bytes.size() < announced)
      return finish(Failure{Status::Corrupt, "the snapshot is shorter than its meta says"});
    finish(std::move(snapshot_));
  }

  void finish(Result<Snapshot> result) {
    if (port_.usable()) {
      PluginCall call(port_.meters_->snapClose);
      port_.table_->snap_close(port_.self_, handle_);
    }
    done_(std::move(result));
  }

  StorePort& port_;
  Finished done_;
  Snapshot snapshot_;
  std::uint64_t handle_ = 0;
};

// create, write the pieces, commit; abort on the way out of any failure. Lives in the handlers of its calls.
class StorePort::SnapshotWrite : public std::enable_shared_from_this<SnapshotWrite> {
 public:
  SnapshotWrite(StorePort& port, std::uint64_t handle, SnapshotSource source, CallHandler done)
      : port_(port), handle_(handle), source_(std::move(source)), done_(std::move(done)) {}

  void writeOn() {
    if (!port_.usable()) return end(failed(Status::Unavailable, "the store is not open"));
    std::optional<std::string> piece = source_();
    const bool more = piece && !piece->empty();
    const ck_token token = port_.issue(
        [self = shared_from_this(), more](CallOutcome outcome) {
          if (outcome.ok() && more)
            self->writeOn();
          else if (outcome.ok())
            self->end(std::move(outcome));
          else
            self->giveUp(std::move(outcome));
        },
        Status::Unknown);
    if (token == 0) return;
    if (!more) {
      PluginCall call(port_.meters_->snapCommit);
      return port_.table_->snap_commit(port_.self_, handle_, token);
    }
    const std::uint64_t offset = std::exchange(offset_, offset_ + piece->size());
    ck_buf chunk = Buffer::of(std::move(*piece)).release();
    PluginCall call(port_.meters_->snapWrite);
    port_.table_->snap_write(port_.self_, handle_, offset, &chunk, token);
  }

 private:
  void giveUp(CallOutcome why) {
    if (port_.usable()) {
      PluginCall call(port_.meters_->snapAbort);
      port_.table_->snap_abort(port_.self_, handle_);
    }
    end(std::move(why));
  }

  void end(CallOutcome outcome) {
    port_.writingSnapshot_ = false;
    done_(std::move(outcome));
  }

  StorePort& port_;
  const std::uint64_t handle_;
  SnapshotSource source_;
  CallHandler done_;
  std::uint64_t offset_ = 0;
};

void StorePort::readSnapshot(UniqueFunction<void(Result<Snapshot>)> done) {
  if (!usable()) {
    CallHandler tell = [done = std::move(done)](CallOutcome outcome) mutable {
      done(Failure{outcome.status, std::move(outcome.text)});
    };
    return answerLater(std::move(tell), Status::Unavailable, "the store is not open");
  }
  std::make_shared<SnapshotRead>(*this, std::move(done))->begin();
}

void StorePort::createSnapshot(SnapshotMeta meta, SnapshotSource source, CallHandler done) {
  if (!usable()) return answerLater(std::move(done), Status::Unavailable, "the store is not open");
  if (writingSnapshot_)
    return answerLater(std::move(done), Status::Conflict, "another snapshot is being written");
  const ck_snap_meta abi = meta.abi();
  std::uint64_t handle = 0;
  ck_status status = CK_OK;
  {
    PluginCall call(meters_->snapCreate);
    status = table_->snap_create(self_, &abi, &handle);
  }
  if (status != CK_OK) return answerLater(std::move(done), toStatus(status), "the store begins no snapshot");
  writingSnapshot_ = true;
  std::make_shared<SnapshotWrite>(*this, handle, std::move(source), std::move(done))->writeOn();
}

}  // namespace clusterkit
