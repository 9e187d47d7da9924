// The facade of the replicated state: what goes to the log, what comes from it, and the published result.
//
//   propose -> WritePath -> consensus -> commit() -> StateBuilder::apply -> publish -> observers -> ticket
//   resolved
//
// Everything [loop] unless tagged. It knows no HTTP and takes no decision about nodes or partitions.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "cluster/apply.hpp"
#include "cluster/peer_link.hpp"
#include "cluster/published.hpp"
#include "cluster/read_path.hpp"
#include "cluster/recent_states.hpp"
#include "cluster/snapshotter.hpp"
#include "cluster/state.hpp"
#include "cluster/write_path.hpp"
#include "host/plugin_stack.hpp"

namespace clusterkit {

// Who follows the replicated state: the leader's duties, the event journal. Called on the loop, in the order
// of the log.
class ClusterObserver {
 public:
  using Events = std::span<const std::shared_ptr<const ClusterEvent>>;

  virtual ~ClusterObserver() = default;
  // After a batch was applied and published. After a restore the events are empty: the journal looks at the
  // state.
  virtual void onState(const ClusterState& state, Events events) = 0;
  virtual void onRole(Role role, Epoch epoch, MemberId leader) = 0;
  virtual void onMembers(std::span<const Member> members, LogIndex index) = 0;
};

// Who leads and who votes, as the consensus of this node sees it. A new object for every change.
struct Membership {
  Role role = Role::Follower;
  Epoch epoch;
  MemberId leader;         // 0: none known
  WallTime leaderSince{};  // when this node learned of it
  LogIndex configIndex;
  std::vector<Member> members;
};

class Coordinator final : public ConsensusListener {
 public:
  // The state cannot be continued: a command that this version does not know, a snapshot that cannot be read.
  using Fatal = UniqueFunction<void(const std::string& reason)>;

  Coordinator(EventLoop& loop, Log& log, Fatal fatal);
  ~Coordinator() override;

  // Once the stack exists, before anything of it is started; `stack` outlives the use of this object. `boot`
  // rises with every start of the member's data folder.
  void attach(PluginStack& stack, MemberId self, std::uint64_t boot);
  void addObserver(ClusterObserver& observer) { observers_.push_back(&observer); }
  // Every ticket is answered; nothing is proposed after this.
  void stop();

  Published<ClusterState>::Reading state() const { return published_.read(); }          // [any]
  std::shared_ptr<const Membership> membership() const { return *membership_.read(); }  // [any] never null
  std::optional<std::uint64_t> stateHashAt(LogIndex index) const { return recent_.hashAt(index); }  // [any]

  const ClusterState& current() const { return current_; }
  MemberId self() const { return self_; }
  std::uint64_t boot() const { return boot_; }
  bool leading() const { return membership()->role == Role::Leader; }
  PeerLink& peers() { return *peers_; }
  ConsensusPort& consensus() { return stack_->consensus(); }
  bool storeIsFull() const { return stack_->store().isFull(); }

  void propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
               WriteHandler handler, Route route = Route::ToLeader) {
    writes_->propose(std::move(body), std::move(idempotency), deadline, std::move(handler), route);
  }
  // A linearizable read point: when it comes, state() contains every write acknowledged before the call.
  void readBarrier(MonotonicTime deadline, ReadHandler done) { reads_->barrier(deadline, std::move(done)); }

  // ConsensusListener
  bool commit(std::span<const Committed> entries) override;
  void role(Role role, Epoch epoch, MemberId leader) override;
  void members(std::span<const Member> members, LogIndex index) override;
  void snapshot(const SnapshotMeta& meta) override;
  void restore(const SnapshotMeta& meta, Restored restored) override;

 private:
  struct Resolved {
    CommandOrigin origin;
    Outcome outcome;
  };

  bool applyOne(StateBuilder& builder, const Committed& entry);
  void publish(std::span<const std::shared_ptr<const ClusterEvent>> events);

  EventLoop& loop_;
  Log& log_;
  Fatal fatal_;
  PluginStack* stack_ = nullptr;
  MemberId self_;
  std::uint64_t boot_ = 0;
  std::unique_ptr<PeerLink> peers_;
  std::unique_ptr<WritePath> writes_;
  std::unique_ptr<ReadPath> reads_;
  std::unique_ptr<Snapshotter> snapshots_;
  std::vector<ClusterObserver*> observers_;

  ClusterState current_;
  Published<ClusterState> published_;
  // Not std::atomic<std::shared_ptr>: libstdc++ 12 unlocks it with relaxed order (GCC bug 101761).
  Published<std::shared_ptr<const Membership>> membership_;
  RecentStates recent_;
  std::vector<Resolved> resolved_;  // of the batch being applied; reused
  bool broken_ = false;
  Lifetime lifetime_;
};

}  // namespace clusterkit
