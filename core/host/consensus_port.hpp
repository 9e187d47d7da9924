// The node's consensus as the core sees it. Everything [loop]. Handlers run on the loop, never inside the
// call that they belong to. Upcalls to the listener may come inside start(), applied(), compact(), barrier(),
// changeMembers() and stepDown(), so call these last in a function; propose() calls nothing before the turn's
// end.
#pragma once

#include <clusterkit/consensus.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/cluster_types.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_instance.hpp"
#include "host/store_port.hpp"
#include "host/transport_port.hpp"

namespace clusterkit {

struct ConsensusMeters;

struct Committed {
  LogIndex index;
  Epoch epoch;
  std::string_view command;  // borrowed during commit()
};

// What the consensus tells the core; the coordinator.
class ConsensusListener {
 public:
  using Restored = UniqueFunction<void(CallOutcome)>;

  virtual ~ConsensusListener() = default;
  // Committed commands in order; indexes rise and may have gaps. False: nothing was taken, call applied()
  // once there is room, and they come again.
  virtual bool commit(std::span<const Committed> entries) = 0;
  virtual void role(Role role, Epoch epoch, MemberId leader) = 0;
  virtual void members(std::span<const Member> members, LogIndex index) = 0;
  // Write a snapshot of the state as of exactly meta.index, then call compact(meta). At most one at a time.
  virtual void snapshot(const SnapshotMeta& meta) = 0;
  // Replace the state by the store's newest snapshot, then call restored (not inside this call's stack is
  // fine, too).
  virtual void restore(const SnapshotMeta& meta, Restored restored) = 0;
};

enum class BootKind : std::uint32_t { New = CK_BOOT_NEW, Join = CK_BOOT_JOIN, Restart = CK_BOOT_RESTART };

struct ClusterBoot {
  BootKind kind = BootKind::New;
  ClusterId cluster;
  Peer local;
};

enum class ChangeKind : std::uint32_t {
  AddLearner = CK_CHANGE_ADD_LEARNER,
  Promote = CK_CHANGE_PROMOTE,
  Demote = CK_CHANGE_DEMOTE,
  Remove = CK_CHANGE_REMOVE,
  UpdatePeer = CK_CHANGE_UPDATE_PEER,
};

struct MemberChange {
  ChangeKind kind = ChangeKind::AddLearner;
  Peer peer;  // only .member for Promote, Demote, Remove
};

struct MemberProgress {
  MemberId member;
  MemberKind kind = MemberKind::Voter;
  LogIndex matchIndex;
  std::optional<MonotonicTime> lastContact;  // nothing = never
  bool active = false;
  bool snapshotting = false;
};

struct ConsensusStatus {
  Role role = Role::Follower;
  Epoch epoch;
  MemberId leader;
  LogIndex commitIndex, appliedIndex, lastIndex, durableIndex, firstIndex, snapshotIndex, configIndex;
  std::uint64_t lastTerm = 0;
  std::optional<MonotonicTime> electedAt;
  std::optional<MonotonicTime> contactAt;  // with a leader, or of the leader with a majority
  std::uint64_t memberCount = 0, voterCount = 0;
  std::vector<MemberProgress> progress;  // on the leader
};

class ConsensusPort final : private StoreClient, private TransportClient {
 public:
  using Broken =
      UniqueFunction<void(const Failure&)>;  // a promise of the consensus was broken: stop the node

  // Throws PluginError when the component offers no complete consensus table. `store`, `transport` and
  // `listener` must outlive it.
  ConsensusPort(const ck_component& component, const ck_config& config, HostParts parts, StorePort& store,
                TransportPort& transport, ConsensusListener& listener, HostServices::FatalHandler onFatal,
                Broken onBroken);
  ~ConsensusPort() override;
  ConsensusPort(const ConsensusPort&) = delete;
  ConsensusPort& operator=(const ConsensusPort&) = delete;

  // Throws PluginError.
  void start(const ClusterBoot& boot, const StoreImage& image);
  // Proposals that wait end with UNKNOWN. Only once.
  void stop(CallHandler done);

  // Outcomes: OK with index, after listener.commit() has taken the command; NotLeader with leader() (0 = not
  // known), Cancelled, Again, Unavailable, NoSpace, Invalid: definitely not done; Unknown: possibly done.
  // Proposals of one turn cross in one call, in the order of the calls here.
  void propose(std::string command, CallHandler done);
  // A linearizable read point: OK with index.
  void barrier(CallHandler done);
  // One at a time: Conflict while another is under way.
  void changeMembers(const MemberChange& change, CallHandler done);
  // 0 = to the best voter.
  void stepDown(MemberId to, CallHandler done);

  void applied(LogIndex index);
  void compact(const SnapshotMeta& meta);
  // Unavailable while it is not running.
  Result<ConsensusStatus> status();

  // The plugin is of no more use: every call but stop() is refused from now on; what waits ends as lost.
  void poison();
  PluginInstance& instance() { return *instance_; }

 private:
  friend struct ConsensusUpcalls;
  enum class Phase { Created, StartFailed, Running, Stopping, Stopped };
  struct Proposals {
    std::vector<std::string> commands;
    std::vector<CallHandler> handlers;
  };

  // What store and transport bring.
  void durable(std::uint64_t upto, const ck_error* errorOrNull) override;
  void writable() override;
  void message(MemberId from, Lane lane, Buffer message) override;
  void peer(MemberId member, bool up) override;
  void writable(MemberId member, Lane lane) override;

  bool usable() const { return phase_ == Phase::Running && !failed_; }
  // Store, transport and upcalls still serve a consensus that is being stopped.
  bool alive() const { return (phase_ == Phase::Running || phase_ == Phase::Stopping) && !failed_; }
  void flushProposals();
  void handOver(std::span<std::string> commands, std::span<CallHandler> handlers);
  // 0: refused, the handler will be told.
  ck_token issue(CallHandler done, Status ifLost);

  // What the plugin calls.
  ck_status commit(const ck_committed* entries, std::uint64_t count);
  bool checkCommit(const ck_committed* entries, std::uint64_t count);
  void role(std::uint32_t role, std::uint64_t epoch, std::uint64_t leader);
  void members(const ck_member* members, std::uint64_t count, std::uint64_t index);
  void snapshot(const ck_snap_meta* meta);
  void restore(const ck_snap_meta* meta, ck_token token);
  ck_token expect(void (*done)(void* arg, const ck_result* result) noexcept, void* arg);
  bool require(bool condition, const char* function, const char* rule);
  void broken(std::string text);

  HostParts parts_;
  StorePort& store_;
  TransportPort& transport_;
  ConsensusListener& listener_;
  Broken onBroken_;
  std::uint32_t needs_;  // CK_COMPONENT_NEEDS_*
  Lifetime lifetime_;
  std::unique_ptr<HostServices> host_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_consensus_1* table_ = nullptr;
  void* self_ = nullptr;
  std::unique_ptr<ConsensusMeters> meters_;

  Phase phase_ = Phase::Created;
  bool failed_ = false;
  LogIndex lastCommitted_;
  Epoch lastCommitEpoch_;
  Epoch lastRoleEpoch_;
  Proposals gathered_;                // of this turn
  Proposals crossing_;                // reused
  std::vector<ck_span> spans_;        // reused, so that a proposal allocates nothing
  std::vector<Committed> committed_;  // reused, so that a commit allocates nothing
};

}  // namespace clusterkit
