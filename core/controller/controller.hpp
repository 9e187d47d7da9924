// The duties of the leader in one object: says who is alive, promotes and moves partitions, keeps the voters
// in order.
//
// Pure. The daemon feeds it (states, answers, outcomes, time) and does what it asks (messages, proposals,
// membership changes); it does nothing by itself and nothing while it does not lead. All calls come from one
// thread.
//
// Wiring, in this order: onBecomeLeader once the first entry of the own term is applied; then onState after
// every applied batch, onConsensus when members or progress change, the answers as they come, onTick at
// Actions::nextWake or more often. Every call that can lead to something to do is followed by onTick. Every
// proposal and every voter change is answered exactly once by onProposalDone and onVoterChangeDone, if
// possible after the state it led to.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/state.hpp"
#include "clusterkit/types.hpp"
#include "controller/failure_detector.hpp"
#include "controller/flap_damping.hpp"
#include "controller/rebalancer.hpp"
#include "controller/voter_balance.hpp"

namespace clusterkit {

enum class HealthChecks : std::uint8_t { Enabled, Disabled };

struct ControllerOptions {
  MemberId self;
  std::uint64_t boot = 0;  // of this run
  HealthChecks healthChecks = HealthChecks::Enabled;
  FailureDetectorOptions health;
  FlapDampingOptions damping;
  RebalanceOptions rebalance;
};

// The monotonic clock decides; the wall clock is only written into records.
struct Now {
  MonotonicTime steady;
  WallTime wall;
};

using ProposalId = Number<struct ProposalTag>;
struct Proposal {
  ProposalId id;
  CommandBody body;
};

// Refused: definitely not applied, for whatever reason. Unknown: perhaps.
enum class ProposalResult : std::uint8_t { Applied, Refused, Unknown };

struct Actions {
  std::vector<SendProbe> probes;
  std::vector<AskIndirect> inquiries;
  std::vector<LinkChange> links;  // to be logged; they change nothing
  std::vector<Proposal> proposals;
  std::optional<VoterChange> voterChange;
  MonotonicTime nextWake = MonotonicTime::max();
};

class Controller {
 public:
  explicit Controller(ControllerOptions options);

  // `heardAt`: when this node last heard the leader before it. Whoever was live then counts as seen then.
  void onBecomeLeader(ClusterState state, ConsensusView consensus, std::optional<MonotonicTime> heardAt,
                      Now now);
  void onStepDown();
  bool leads() const { return leads_; }

  void onState(ClusterState state, Now now);
  void onConsensus(ConsensusView consensus);
  // `boot`: of the run that has answered.
  void onProbeAnswered(MemberId node, std::uint64_t seq, std::uint64_t boot, Now now);
  void onIndirectAnswer(MemberId target, MemberId via, std::uint64_t seq, Reachability result, Now now);
  void onProposalDone(ProposalId id, ProposalResult result, Now now);
  void onVoterChangeDone(ProposalResult result, Now now);
  Actions onTick(Now now);

  // For the API of the leader. Pause, resume, cancel, drain and remove are commands that anybody may propose.
  void requestRebalance() { rebalancer_.requestManual(); }
  void withdrawRebalance() { rebalancer_.withdrawManual(); }
  RebalancePlan dryRun(Now now) const { return rebalancer_.plan(state_, damping_, now.steady); }
  std::string whyNotRemove(MemberId node, RemoveNode::Consent consent) const {
    return clusterkit::whyNotRemove(node, consent, consensus_, state_);
  }
  std::string whyNotTransfer(MemberId to) const { return clusterkit::whyNotTransfer(to, consensus_, state_); }
  // By the leader's own clock; the beginning of time when nothing is known of the node.
  WallTime lastSignOfLife(MemberId node, Now now) const;
  Verdict verdictOf(MemberId node) const { return detector_.verdictOf(node); }
  // Why the voters are not changed further, for people.
  const std::string& voterReason() const { return voterReason_; }

 private:
  struct Run {
    std::uint64_t boot = 0;             // that answered the last probe
    std::optional<MonotonicTime> seen;  // the last answer of the run that the state knows
  };
  // One thing at a time, and a pause after a failure.
  struct Lane {
    bool busy = false;
    ProposalId id;
    MonotonicTime notBefore{};
    bool ready(MonotonicTime now) const { return !busy && now >= notBefore; }
    void done(ProposalResult result, MonotonicTime now);
  };

  void watchNodes(const ClusterState& before, MonotonicTime now);
  std::optional<CommandBody> nextStatusChange(Now now) const;
  std::optional<CommandBody> statusChangeFor(const NodeRecord& node, Now now) const;
  SetNodeStatus declareDown(const NodeRecord& node, Now now) const;
  bool mayBecomeActive(const NodeRecord& node) const;
  bool hasLeft(const NodeRecord& node) const;
  bool isSameRun(const NodeRecord& node) const;
  Verdict seen(const NodeRecord& node) const;
  WallTime lastSeenAt(MemberId member, Now now) const;
  WallTime seenEarlier(MemberId member, Now now) const;
  void propose(Lane& lane, CommandBody body, Actions& actions);

  ControllerOptions options_;
  bool leads_ = false;
  ClusterState state_;
  ConsensusView consensus_;
  FailureDetector detector_;
  std::map<MemberId, Run> runs_;
  std::optional<MonotonicTime> heardAt_;
  std::map<MemberId, std::uint64_t> liveThen_;  // in which of their lives
  FlapDamping damping_;
  Rebalancer rebalancer_;
  Lane statusLane_, rebalanceLane_, voterLane_;
  ProposalId lastProposal_;
  std::string voterReason_;
};

}  // namespace clusterkit
