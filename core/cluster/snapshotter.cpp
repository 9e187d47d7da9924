#include "cluster/snapshotter.hpp"

#include <memory>
#include <utility>

#include "cluster/snapshot.hpp"

namespace clusterkit {
namespace {

constexpr Duration kRetry = std::chrono::seconds(2);

// Encodes while the store writes, so that the state's bytes never exist as a whole.
SnapshotSource sourceOf(ClusterState state) {
  return
      [writer = std::make_unique<SnapshotWriter>(std::move(state))]() mutable -> std::optional<std::string> {
        std::string piece = writer->next(snapshotPiece);
        if (piece.empty()) return std::nullopt;
        return piece;
      };
}

Result<ClusterState> decode(std::string_view bytes) {
  auto state = readSnapshot(bytes);
  if (auto* error = std::get_if<SnapshotError>(&state)) return Failure{Status::Corrupt, error->message};
  return std::get<ClusterState>(std::move(state));
}

}  // namespace

Snapshotter::Snapshotter(EventLoop& loop, StorePort& store, ConsensusPort& consensus, Log& log)
    : loop_(loop), store_(store), consensus_(consensus), log_(log) {}

Snapshotter::~Snapshotter() {
  if (retry_) loop_.cancel(retry_);
}

void Snapshotter::write(const SnapshotMeta& meta, ClusterState state) {
  if (retry_) loop_.cancel(std::exchange(retry_, {}));  // the older one is not wanted any more
  tryWrite(meta, std::move(state));
}

void Snapshotter::tryWrite(SnapshotMeta meta, ClusterState state) {
  const MonotonicTime begun = loop_.now();
  auto source = sourceOf(state);
  store_.createSnapshot(
      meta, std::move(source),
      [this, alive = lifetime_.watch(), meta, begun,
       kept = std::make_unique<ClusterState>(std::move(state))](CallOutcome outcome) {
        if (alive.expired()) return;
        if (outcome.ok()) {
          log_.info("snapshot_written", {{"index", meta.index}, {"took_ms", Duration(loop_.now() - begun)}});
          consensus_.compact(meta);
        } else if (outcome.status != Status::Stale && outcome.status != Status::Cancelled) {
          log_.warn("snapshot_failed", {{"index", meta.index}, {"reason", outcome.text}});
          retry_ = loop_.timerAfter(kRetry, [this, meta, state = std::move(*kept)]() mutable {
            retry_ = {};
            tryWrite(meta, std::move(state));
          });
        }
      });
}

void Snapshotter::read(Restored done) {
  store_.readSnapshot([alive = lifetime_.watch(), done = std::move(done)](Result<Snapshot> snapshot) mutable {
    if (alive.expired()) return;
    if (!snapshot)
      done(snapshot.failure());
    else
      done(decode(snapshot.value().bytes));
  });
}

}  // namespace clusterkit
