// A whole cluster on fake time around one Controller: the real replicated state and its apply, a consensus
// that commits after a moment while a majority of voters is reachable, and nodes that answer probes while
// they live.
//
// Checks after every command: no partition loses its last live copy by a move, and the voters keep a quorum.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/apply.hpp"
#include "controller/controller.hpp"

namespace clusterkit::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct ClusterSimOptions {
  std::uint32_t partitions = 32;
  std::uint32_t replicationFactor = 3;
  std::uint32_t maxVoters = 5;
  RebalanceOptions rebalance;
  Duration commitDelay = milliseconds(5);
  std::uint64_t leaderRestarts = 0;  // that the state does not know of
};

class ClusterSim {
 public:
  // With more than one node: the others have joined and three seconds have passed.
  explicit ClusterSim(ClusterSimOptions options = {}, std::uint64_t nodes = 1)
      : options_(options), controller(controllerOptions(options)) {
    ClusterFacts facts;
    facts.id = ClusterId(7);
    facts.name = "sim";
    facts.partitionCount = options.partitions;
    facts.replicationFactor = options.replicationFactor;
    facts.maxVoters = options.maxVoters;
    run_(CreateCluster{facts, spec(1)});
    boots[member(1)] = options.leaderRestarts;
    consensus.leader = member(1);
    consensus.members.push_back({member(1), Vote::Voter, CatchUp::CaughtUp});
    controller.onBecomeLeader(state(), consensus, std::nullopt, nowPair());
    for (std::uint64_t n = 2; n <= nodes; ++n) join(n);
    if (nodes > 1) run(seconds(3));
  }
  ClusterSim(const ClusterSim&) = delete;
  ClusterSim& operator=(const ClusterSim&) = delete;

  static MemberId member(std::uint64_t n) { return MemberId(n); }
  static NodeSpec spec(std::uint64_t n) {
    NodeSpec s;
    s.id = "node-" + std::to_string(n);
    s.member = member(n);
    s.boot = n * 1000;
    s.name = s.id;
    s.httpAddress = "127.0.0.1:" + std::to_string(8000 + n);
    s.transportAddress = "127.0.0.1:" + std::to_string(9000 + n);
    return s;
  }
  const ClusterState& state() const { return builder_.state(); }
  const PartitionMap& map() const { return *state().partitions; }
  const NodeRecord& node(std::uint64_t n) const { return *state().findNode(member(n)); }

  // What nodes do.
  void join(std::uint64_t n, std::string zone = "") {
    NodeSpec s = spec(n);
    s.zone = std::move(zone);
    apply(AddNode{s, {}});
  }
  void kill(std::uint64_t n) { dead.insert(member(n)); }
  void restart(std::uint64_t n) {
    runAgain(n);
    announce(n);
  }
  // The process runs and answers probes; what it has to say of itself is still under way.
  void runAgain(std::uint64_t n) {
    dead.erase(member(n));
    ++boots[member(n)];
  }
  void announce(std::uint64_t n) {
    NodeSpec s = node(n).spec;
    s.boot = spec(n).boot + boots[member(n)];
    apply(RejoinNode{s, {}});
  }
  void heal(std::uint64_t n) { dead.erase(member(n)); }
  // What operators do; a refusal is given back.
  Outcome apply(CommandBody body) {
    const Outcome outcome = run_(std::move(body));
    disturbedAt_ = now;
    controller.onState(state(), nowPair());
    return outcome;
  }

  // From one thing that happens to the next: a message, an answer of the consensus, or the wake-up the
  // controller asked for. A wake-up that it forgets to ask for is missed here too.
  void run(Duration duration) {
    const Duration end = now + duration;
    act(controller.onTick(nowPair()));
    for (;;) {
      Duration next = wake_;
      for (const Due& d : due_) next = std::min(next, d.at);
      if (next > end) break;
      now = std::max(now + std::chrono::microseconds(10), next);
      deliver();
      act(controller.onTick(nowPair()));
    }
    now = end;
  }
  template <class Condition>
  std::optional<Duration> runUntil(Condition condition, Duration limit) {
    for (const Duration start = now; now - start < limit;) {
      if (condition()) return now - start;
      run(milliseconds(5));
    }
    return std::nullopt;
  }

  std::size_t copiesOf(std::uint64_t n) const {
    std::size_t copies = 0;
    for (std::uint32_t p = 0; p < map().partitionCount(); ++p)
      copies += map().owns(member(n), PartitionId(p)) ? 1 : 0;
    return copies;
  }
  std::size_t primariesOf(std::uint64_t n) const {
    std::size_t primaries = 0;
    for (std::uint32_t p = 0; p < map().partitionCount(); ++p) {
      primaries += map().primaryOf(PartitionId(p)) == member(n) ? 1 : 0;
    }
    return primaries;
  }
  std::size_t voters() const {
    std::size_t count = 0;
    for (const ConsensusMember& m : consensus.members) count += m.vote == Vote::Voter ? 1 : 0;
    return count;
  }
  template <class Event>
  std::size_t eventsOf() const {
    std::size_t count = 0;
    for (const auto& event : events) count += std::holds_alternative<Event>(event->body) ? 1 : 0;
    return count;
  }
  template <class Body>
  std::size_t proposed() const {
    std::size_t count = 0;
    for (const CommandBody& body : proposals) count += std::holds_alternative<Body>(body) ? 1 : 0;
    return count;
  }
  Now nowPair() const {
    return {MonotonicTime(std::chrono::hours(1) + now),
            WallTime(std::chrono::hours(24 * 20000) + now + wallJump)};
  }
  ControllerOptions controllerOptions(const ClusterSimOptions& options) const {
    ControllerOptions o;
    o.self = member(1);
    o.boot = spec(1).boot + options.leaderRestarts;
    o.rebalance = options.rebalance;
    return o;
  }
  bool quorum() const {
    std::size_t live = 0;
    for (const ConsensusMember& m : consensus.members) {
      live += m.vote == Vote::Voter && reachable(m.member) ? 1 : 0;
    }
    return live > voters() / 2;
  }
  bool reachable(MemberId m) const { return m == member(1) || (!dead.contains(m) && !isolated); }

  ClusterSimOptions options_;
  Controller controller;
  ConsensusView consensus;
  std::set<MemberId> dead;
  std::map<MemberId, std::uint64_t> boots;  // restarts so far
  bool isolated = false;                    // the leader's own network
  Duration now{};
  Duration wallJump{};
  std::vector<std::shared_ptr<const ClusterEvent>> events;
  std::vector<CommandBody> proposals;  // in the order they were applied
  std::vector<VoterChange> voterChanges;
  std::size_t mostMovesAtOnce = 0;

 private:
  struct Due {
    Duration at;
    std::function<void()> what;
  };

  Outcome run_(CommandBody body) {
    Command command;
    command.stamp = nowPair().wall;
    command.body = std::move(body);
    const Outcome outcome = builder_.apply(LogIndex(++index_), Epoch(1), command);
    for (auto& event : builder_.takeEvents()) events.push_back(std::move(event));
    return outcome;
  }

  void after(Duration delay, std::function<void()> what) { due_.push_back({now + delay, std::move(what)}); }

  void deliver() {
    std::deque<Due> ready;
    std::deque<Due> later;
    for (Due& d : due_) (d.at <= now ? ready : later).push_back(std::move(d));
    due_ = std::move(later);
    for (Due& d : ready) d.what();
  }

  void act(Actions actions) {
    const auto never = MonotonicTime::max();
    wake_ =
        actions.nextWake == never ? Duration::max() : actions.nextWake - MonotonicTime(std::chrono::hours(1));
    for (const SendProbe& probe : actions.probes) {
      if (reachable(probe.node))
        after(milliseconds(2), [this, probe] {
          const std::uint64_t boot = spec(probe.node.value).boot + boots[probe.node];
          if (reachable(probe.node)) controller.onProbeAnswered(probe.node, probe.seq, boot, nowPair());
        });
    }
    for (const AskIndirect& ask : actions.inquiries) {
      if (!reachable(ask.via)) continue;
      const bool reached = !dead.contains(ask.target);
      after(reached ? milliseconds(5) : milliseconds(505), [this, ask, reached] {
        if (!reachable(ask.via)) return;
        controller.onIndirectAnswer(ask.target, ask.via, ask.seq,
                                    reached ? Reachability::Reachable : Reachability::Unreachable, nowPair());
      });
    }
    for (Proposal& proposal : actions.proposals) {
      after(options_.commitDelay, [this, proposal] { commit(proposal); });
    }
    if (actions.voterChange)
      after(options_.commitDelay, [this, change = *actions.voterChange] { change_(change); });
  }

  void commit(const Proposal& proposal) {
    if (!quorum()) return controller.onProposalDone(proposal.id, ProposalResult::Refused, nowPair());
    const PartitionMap before = map();
    const Outcome outcome = run_(proposal.body);
    // Only what happened while the proposal was on its way may get it refused.
    const bool disturbed = disturbedAt_ && now - *disturbedAt_ <= options_.commitDelay + milliseconds(1);
    EXPECT_TRUE(outcome.applied() || disturbed) << commandName(proposal.body) << ": " << outcome.message;
    if (outcome.applied()) proposals.push_back(proposal.body);
    checkMoves(proposal.body, before);
    controller.onState(state(), nowPair());
    controller.onProposalDone(
        proposal.id, outcome.applied() ? ProposalResult::Applied : ProposalResult::Refused, nowPair());
  }

  void checkMoves(const CommandBody& body, const PartitionMap& before) {
    if (!std::holds_alternative<BeginMoves>(body)) return;
    std::map<MemberId, std::size_t> gained;
    for (std::uint32_t p = 0; p < before.partitionCount(); ++p) {
      const PartitionId partition(p);
      bool hadLive = false, keeps = false;
      for (const MemberId m : before.ownersOf(partition)) {
        const NodeRecord* owner = state().findNode(m);
        const bool live = owner && isLive(owner->status);
        hadLive = hadLive || live;
        keeps = keeps || (live && map().owns(m, partition));
      }
      EXPECT_TRUE(keeps || !hadLive) << toString(partition) << " lost its last live copy";
      for (const MemberId m : map().ownersOf(partition)) {
        if (!before.owns(m, partition)) mostMovesAtOnce = std::max(mostMovesAtOnce, ++gained[m]);
      }
    }
  }

  void change_(const VoterChange& change) {
    if (!quorum()) return controller.onVoterChangeDone(ProposalResult::Unknown, nowPair());
    voterChanges.push_back(change);
    const auto at = std::find_if(consensus.members.begin(), consensus.members.end(),
                                 [&](const ConsensusMember& m) { return m.member == change.member; });
    using Kind = VoterChange::Kind;
    switch (change.kind) {
      case Kind::AddLearner:
        consensus.members.push_back({change.member, Vote::Learner, CatchUp::Behind});
        after(milliseconds(30), [this, m = change.member] {
          for (ConsensusMember& member : consensus.members) {
            if (member.member == m) member.catchUp = CatchUp::CaughtUp;
          }
          controller.onConsensus(consensus);
        });
        break;
      case Kind::Promote: at->vote = Vote::Voter; break;
      case Kind::Demote: at->vote = Vote::Learner; break;
      case Kind::Remove: consensus.members.erase(at); break;
      case Kind::TransferLeadership:
        break;  // the tests' leader stays: transfers are judged by the list of changes
      case Kind::None: ADD_FAILURE() << "no change is no action"; break;
    }
    EXPECT_TRUE(quorum()) << "after the change of " << change.member.value << ": " << change.reason;
    controller.onConsensus(consensus);
    controller.onVoterChangeDone(ProposalResult::Applied, nowPair());
  }

  StateBuilder builder_{ClusterState{}};
  std::uint64_t index_ = 0;
  std::deque<Due> due_;
  Duration wake_{};
  std::optional<Duration> disturbedAt_;  // when an operator or a node last changed the state
};

}  // namespace clusterkit::test
