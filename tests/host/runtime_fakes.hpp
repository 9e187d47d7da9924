// Small plugins written with the SDK, steered by a script, and a node's services to run them on. The tests
// reach the created object through the script.
#pragma once

#include <gtest/gtest.h>

#include <clusterkit/consensus.hpp>
#include <clusterkit/store.hpp>
#include <clusterkit/transport.hpp>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "host/host_services.hpp"
#include "host/plugin_stack.hpp"
#include "host/simulated_loop.hpp"
#include "host/workers.hpp"

namespace clusterkit::test {

using Journal = std::vector<std::string>;

class FakeStore;
class FakeTransport;
class FakeConsensus;

struct StoreScript {
  Journal* journal = nullptr;
  FakeStore* object = nullptr;
  ck_status create = CK_OK, open = CK_OK, submit = CK_OK;
  bool answersOpen = true, answersStop = true;
  std::vector<std::uint64_t> seqs;  // as they were submitted
  std::map<std::string, std::string> meta;
};

struct TransportScript {
  Journal* journal = nullptr;
  FakeTransport* object = nullptr;
  ck_status create = CK_OK, start = CK_OK, send = CK_OK;
  bool answersStop = true;
  std::vector<std::pair<std::uint64_t, std::string>> sent;
  std::vector<std::vector<std::uint64_t>> peers;  // every declaration
};

struct ConsensusScript {
  Journal* journal = nullptr;
  FakeConsensus* object = nullptr;
  ck_status create = CK_OK, start = CK_OK;
  bool answersStop = true;
  bool commits = true;                      // false: proposals wait for ever
  bool changesMembers = true;               // false: changes wait for ever
  bool answersBarriers = true;              // false: they are kept in `barriers`
  std::vector<std::size_t> proposedCounts;  // one per propose call
  std::vector<std::string> messages;
  std::vector<std::pair<std::uint64_t, bool>> peerChanges;
  std::vector<std::uint64_t> durable;
  int storeFailures = 0;
  int storeWritable = 0;
};

// A ck_config whose only content is the script's address.
ck_config configOf(void* script, const char* instance);
const ck_component& storeComponent();
const ck_component& transportComponent();
const ck_component& consensusComponent();

class FakeStore final : public Store {
 public:
  explicit FakeStore(const Setup& setup);
  ~FakeStore() override;
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

  void durable(std::uint64_t upto) { upcalls_->durable(host.raw()->cx, upto, nullptr); }
  void failSync(std::uint64_t upto) {
    const ck_error error = makeError(CK_IO, "sync failed");
    upcalls_->durable(host.raw()->cx, upto, &error);
  }
  void writable() { upcalls_->writable(host.raw()->cx); }

  Host host;
  StoreScript& script;
  std::optional<ck_token> openToken, stopToken;
  ck_snap_meta snapMeta{};
  std::string snapBytes, snapDraft;
  std::uint64_t drafts = 0;  // the handle of the draft
  int chunks = 0, openReaders = 0, aborts = 0;

 private:
  const ck_store_host_1* upcalls_;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(const Setup& setup);
  ~FakeTransport() override;
  Local start(std::uint64_t localMember) override;
  ck_status setPeers(const ck_peer* peers, std::uint64_t count) override;
  ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) override;
  ck_status stats(std::uint64_t member, ck_peer_stats& out) override;
  std::uint64_t maxMessage() const override { return 1024; }
  void stop(ck_token token) override;

  // As if these bytes came over the wire, mark included.
  void receive(std::uint64_t from, std::string bytes);
  void receive(std::uint64_t from, Buffer bytes);
  void peer(std::uint64_t member, bool up) { upcalls_->peer(host.raw()->cx, member, up ? 1 : 0, nullptr); }
  void unreachable(std::uint64_t member, const char* why) {
    const ck_error error = makeError(CK_DENIED, why);
    upcalls_->peer(host.raw()->cx, member, 0, &error);
  }

  Host host;
  TransportScript& script;
  std::optional<ck_token> stopToken;

 private:
  const ck_transport_host_1* upcalls_;
};

// Commits what is proposed at once; keeps it while the host says AGAIN.
class FakeConsensus final : public Consensus {
 public:
  explicit FakeConsensus(const Setup& setup);
  ~FakeConsensus() override;
  void start(const ck_cluster_boot& boot) override;
  void propose(const ck_span* commands, std::uint64_t count, ck_token first) override;
  void barrier(ck_token token) override {
    if (script.answersBarriers) host.complete(token, CK_OK, lastIndex);
    barriers.push_back(token);
  }
  void changeMembers(const ck_member_change& change, ck_token token) override;
  void stepDown(std::uint64_t to, ck_token token) override { host.complete(token, CK_NOT_LEADER, to); }
  void applied(std::uint64_t index) override;
  void compact(const ck_snap_meta& meta) override {
    script.journal->push_back("compact " + std::to_string(meta.index));
  }
  void onMessage(std::uint64_t from, std::uint32_t lane, Buffer message) override;
  void onPeer(std::uint64_t member, bool up) override { script.peerChanges.emplace_back(member, up); }
  void onDurable(std::uint64_t uptoSeq, const ck_error* error) override;
  void onStoreWritable() override { ++script.storeWritable; }
  void onTransportWritable(std::uint64_t, std::uint32_t) override {}
  ck_status status(ck_consensus_status& out) override;
  void stop(ck_token token) override;

  ck_status commitOne(std::uint64_t index, std::uint64_t epoch, std::string_view command);
  void declareMembers(const std::vector<std::uint64_t>& members);

  Host host;
  ConsensusScript& script;
  const ck_consensus_host_1* upcalls;
  void* cx;
  const ck_store_1* store = nullptr;
  void* storeSelf = nullptr;
  const ck_transport_1* transport = nullptr;
  void* transportSelf = nullptr;
  std::uint64_t lastIndex = 0;
  std::optional<ck_token> stopToken;
  struct Waiting {
    std::uint64_t index;
    std::string command;
    ck_token token;
  };
  std::deque<Waiting> waiting;
  std::vector<ck_token> barriers;  // all that were asked for

 private:
  void commitWaiting();
};

struct RecordingListener final : ConsensusListener {
  bool commit(std::span<const Committed> entries) override;
  void role(Role role, Epoch epoch, MemberId leader) override;
  void members(std::span<const Member> members, LogIndex index) override;
  void snapshot(const SnapshotMeta& meta) override { snapshots.push_back(meta); }
  void restore(const SnapshotMeta& meta, Restored done) override;

  bool takes = true;
  bool throws = false;
  std::vector<std::string> commands;
  std::vector<std::string> roles;
  std::vector<std::size_t> memberCounts;
  std::vector<SnapshotMeta> snapshots;
  std::vector<std::pair<SnapshotMeta, Restored>> restores;
};

// Keeps the text of every line. [any]
struct RecordingLog final : Log {
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel level, std::string_view event, Fields fields) override;
  bool has(std::string_view part) const;
  std::size_t count(std::string_view part) const;

  mutable std::mutex mutex;
  std::vector<std::string> lines;
};

// A node in simulated time with three fakes, nothing started.
struct FakeNode {
  FakeNode();

  PluginStack& make();  // creates the stack
  void startAll();      // and starts it, to the end
  void settle() { scheduler.runFor(std::chrono::seconds(1)); }

  Journal journal;
  StoreScript store;
  TransportScript transport;
  ConsensusScript consensus;
  ck_config storeConfig, transportConfig, consensusConfig;
  Scheduler scheduler{1};
  SimulatedLoop loop{scheduler};
  LoopWorkers workers{loop};
  RecordingLog log;
  NoMetrics metrics;
  RecordingListener listener;
  std::vector<std::pair<std::string, PluginExit>> fatals;
  std::unique_ptr<PluginStack> stack;
};

constexpr MemberId self{11};

}  // namespace clusterkit::test
