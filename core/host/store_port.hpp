// The node's store as its users see it: the core through this class, the consensus through a proxy table of
// the ABI's own type. Both share the one batch sequence of the plugin; each client counts its own batches
// from 1 and hears of them by its own numbers. Everything [loop] unless tagged. Handlers run on the loop,
// never inside the call.
#pragma once

#include <clusterkit/store.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/cluster_types.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit {

class StoreProxy;
struct StoreMeters;

// Hears what becomes of the batches it submitted; the consensus.
class StoreClient {
 public:
  virtual ~StoreClient() = default;
  // By the client's own numbers. With an error: nothing after `upto` will ever be durable.
  virtual void durable(std::uint64_t upto, const ck_error* errorOrNull) = 0;
  // A submit that was refused with AGAIN or NO_SPACE may be tried again.
  virtual void writable() = 0;
};

// Gives a snapshot's bytes piece by piece, so that a large state need not exist twice; nothing, or an empty
// piece, = the end. A piece is written whole; a small one holds up the loop less.
// Called on the loop.
using SnapshotSource = UniqueFunction<std::optional<std::string>()>;
constexpr std::size_t snapshotPiece = 32 * 1024;
// The source of bytes that exist as a whole.
SnapshotSource piecesOf(std::string bytes);

class StorePort {
 public:
  using Failed = UniqueFunction<void(const Failure&)>;  // the first failed write or sync; final

  // Throws PluginError when the component offers no complete store table.
  StorePort(const ck_component& component, const ck_config& config, HostParts parts,
            HostServices::FatalHandler onFatal, Failed onFailed);
  ~StorePort();
  StorePort(const StorePort&) = delete;
  StorePort& operator=(const StorePort&) = delete;

  void open(UniqueFunction<void(Result<StoreImage>)> done);

  // Small named values of the core (1 to 255 bytes of name, at most 64 KiB). Consensus' names and the core's
  // share one space; the core's begin with "core.". put: OK once it survives power loss; while the store
  // is busy up to 1024 wait, a full disk answers NoSpace. Unknown when the store fails before it is durable.
  void getMeta(std::string name, UniqueFunction<void(Result<std::optional<std::string>>)> done);
  void putMeta(std::string name, std::string value, CallHandler done);
  void eraseMeta(std::string name, CallHandler done);

  // Entries first <= index < end of the log, at least one if there is any, up to maxBytes of them. NotFound:
  // none of them is there. For tools; a running node's log is read by its consensus.
  void readLog(LogIndex first, LogIndex end, std::uint64_t maxBytes,
               UniqueFunction<void(Result<std::vector<StoredEntry>>)> done);

  // The newest snapshot as a whole. NotFound when there is none; Corrupt when its checksum fails.
  void readSnapshot(UniqueFunction<void(Result<Snapshot>)> done);
  // Writes, verifies and commits one. One at a time: Conflict while another of the core is under way; Stale
  // when the consensus installs one meanwhile or a newer one is there. OK: durable, the log up to it may be
  // compacted.
  void createSnapshot(SnapshotMeta meta, SnapshotSource source, CallHandler done);

  // Whether the disk is full: the last batch was refused for want of room, and no room has been told since.
  bool isFull() const { return full_; }

  // After this no call is passed on. What waits is ended by the store or, after that, as lost. Only once.
  void stop(CallHandler done);

  // For the consensus: the same table type, checked; calls go on while the store is open. The client hears of
  // its batches until detach().
  void attach(StoreClient& client, const PluginName& user);
  void detach();
  const ck_store_1* proxyTable() const;
  void* proxySelf();

  // The plugin is of no more use: every call but stop() is refused from now on.
  void poison();
  PluginInstance& instance() { return *instance_; }

 private:
  friend class StoreProxy;
  friend struct StoreUpcalls;
  class SnapshotRead;
  class SnapshotWrite;
  struct Upcalls;  // what came from the plugin's threads and has not been seen by the loop
  struct MetaPut {
    std::string name;
    std::optional<std::string> value;  // nothing = erase
    CallHandler done;
  };
  struct SubmittedPut {
    std::uint64_t seq;
    CallHandler done;
  };
  enum class Phase { Created, Opening, Open, OpenFailed, Stopping, Stopped };

  void put(MetaPut put);
  ck_status submitPut(MetaPut& put);              // OK: it is in submittedPuts_
  ck_status submit(const ck_store_batch& batch);  // OK: it got the number lastSeq_
  Result<StoreImage> opened(CallOutcome outcome);
  ck_token issue(CallHandler handler, Status ifLost);
  bool usable() const { return phase_ == Phase::Open && !failed_; }
  void answerLater(CallHandler done, Status status, std::string_view text);
  void stopped(CallOutcome outcome, CallHandler done);

  void takeUpcalls();
  void settle(std::uint64_t upto);
  void fail(const ck_error& error);
  void roomAgain();
  void endPuts(Status ifSubmitted, std::string_view why);

  HostParts parts_;
  Lifetime
      lifetime_;  // with host_ and upcalls_ before the instance: its threads use them until it is destroyed
  std::unique_ptr<HostServices> host_;
  std::unique_ptr<Upcalls> upcalls_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_store_1* table_ = nullptr;
  void* self_ = nullptr;
  std::unique_ptr<StoreMeters> meters_;
  std::unique_ptr<StoreProxy> proxy_;
  Failed onFailed_;

  Phase phase_ = Phase::Created;
  bool failed_ = false;
  bool full_ = false;
  std::uint64_t lastSeq_ = 0;
  std::uint64_t durableSeq_ = 0;
  std::deque<SubmittedPut> submittedPuts_;  // not yet durable
  std::deque<MetaPut> refusedPuts_;         // wait for room
  bool writingSnapshot_ = false;
};

}  // namespace clusterkit
