// The store as the node loop sees it. Checks every batch and answers term_at at once from the log's shape;
// leaves all disk work to two threads: the writer (log, state) and the worker (snapshot files).
#pragma once

#include <clusterkit/log_shape.hpp>
#include <clusterkit/store.hpp>
#include <map>
#include <memory>
#include <vector>

#include "snapshot_files.hpp"
#include "worker.hpp"
#include "writer.hpp"

namespace clusterkit::sqlite {

class SqliteStore : public Store {
 public:
  static const ck_option options[];

  explicit SqliteStore(const Setup& setup);
  ~SqliteStore() override;

  void open(ck_token token) override;
  ck_status submit(const ck_store_batch& batch, std::uint64_t seq) override;
  void read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) override;
  ck_status termAt(std::uint64_t index, std::uint64_t& term) override;
  void metaGet(const char* name, ck_token token) override;
  ck_status snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) override;
  void snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) override;
  void snapCommit(std::uint64_t handle, ck_token token) override;
  void snapAbort(std::uint64_t handle) override;
  void snapOpen(ck_token token) override;
  void snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) override;
  void snapClose(std::uint64_t handle) override;
  void stop(ck_token token) override;

 private:
  enum class State { idle, opening, failed, open, stopping, stopped };
  struct Incoming {
    std::uint64_t handle = 0;
    std::uint64_t nextOffset = 0;
    std::shared_ptr<IncomingSnapshot> snapshot;
  };
  struct Installing {
    ck_token token;
    std::uint64_t index;
    LogShape::LogAfterSnapshot log;
  };
  struct Readable {  // filled and used on the worker
    SnapshotRow row;
    File file;
  };

  Writer::Upcalls writerUpcalls();
  void onOpened(const Journal::Opened& opened, ck_token token);
  void onInstalled(const InstallSnapshot& install);
  void endInstall(ck_token token);
  // fn on the loop, unless this object is gone by then. [any]
  template <class F>
  void onLoop(F fn) {
    host_.post([alive = std::weak_ptr<int>(alive_), fn = std::move(fn)]() mutable {
      if (!alive.expired()) fn();
    });
  }
  // The answer to a call that fails at once; never inside that call.
  void refuseLater(ck_token token, ck_status status, const std::string& why);
  bool refusedAsClosed(ck_token token);
  bool logIsBeingReplaced() const;
  std::uint64_t highestInstalling() const;
  void drop(Incoming incoming);

  const Host host_;
  const JournalOptions journalOptions_;
  const Writer::Limits limits_;
  const SnapshotFolder folder_;
  const ck_store_host_1* upcalls_ = nullptr;

  State state_ = State::idle;
  ck_token openToken_ = 0;
  std::uint64_t lastSeq_ = 0;
  LogShape shape_;                      // after every submitted batch
  std::vector<SnapshotRow> snapshots_;  // newest first, at most two
  std::vector<Installing> installing_;
  bool owesWritable_ = false;
  Incoming incoming_;
  std::uint64_t lastHandle_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Readable>> readable_;

  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Worker> worker_;
};

}  // namespace clusterkit::sqlite
