#include "controller/controller.hpp"

#include <algorithm>

namespace clusterkit {

namespace {

constexpr Duration kRetryDelay = std::chrono::milliseconds(250);

std::vector<MemberId> votersIn(const ConsensusView& consensus) {
  std::vector<MemberId> voters;
  for (const ConsensusMember& m : consensus.members) {
    if (m.vote == Vote::Voter) voters.push_back(m.member);
  }
  return voters;
}

}  // namespace

void Controller::Lane::done(ProposalResult result, MonotonicTime now) {
  busy = false;
  if (result != ProposalResult::Applied) notBefore = now + kRetryDelay;
}

Controller::Controller(ControllerOptions options)
    : options_(options),
      detector_(options.self, options.health),
      damping_(options.damping),
      rebalancer_(options.rebalance) {}

void Controller::onBecomeLeader(ClusterState state, ConsensusView consensus,
                                std::optional<MonotonicTime> heardAt, Now now) {
  onStepDown();
  leads_ = true;
  heardAt_ = heardAt;
  liveThen_.clear();
  for (const auto& entry : state.nodes)
    if (isLive(entry.value->status)) liveThen_[entry.value->spec.member] = entry.value->incarnation;
  state_ = std::move(state);
  onConsensus(std::move(consensus));
  detector_.reset(now.steady);
  damping_.clear();
  runs_.clear();
  rebalancer_.reset();
  watchNodes(state_, now.steady);
}

void Controller::onStepDown() {
  leads_ = false;
  // Answers to proposals of this term may still come; they name ids that no lane waits for.
  statusLane_ = rebalanceLane_ = voterLane_ = Lane{};
}

void Controller::onState(ClusterState state, Now now) {
  if (!leads_) return;
  const ClusterState before = std::exchange(state_, std::move(state));
  watchNodes(before, now.steady);
}

void Controller::onConsensus(ConsensusView consensus) {
  consensus_ = std::move(consensus);
  detector_.setVoters(votersIn(consensus_));
}

void Controller::watchNodes(const ClusterState& before, MonotonicTime now) {
  std::vector<WatchedNode> watched;
  for (const auto& entry : state_.nodes) {
    const NodeRecord& node = *entry.value;
    const MemberId member = node.spec.member;
    if (options_.healthChecks == HealthChecks::Enabled)
      watched.push_back({member, node.status, node.incarnation});
    const NodeRecord* old = before.findNode(member);
    if (!old || old == &node) continue;
    const bool wasLive = isLive(old->status);
    const bool anew = node.incarnation != old->incarnation;
    // A restart that nobody saw counts as a fall too: a process that crashes in a loop is no home for
    // partitions.
    if (wasLive && (anew || node.status == NodeStatus::Down)) damping_.wentDown(member, now);
    if (anew) damping_.cameBack(member, now);
  }
  std::erase_if(runs_, [this](const auto& item) { return state_.findNode(item.first) == nullptr; });
  detector_.setNodes(watched, now);
  rebalancer_.observe(state_, damping_, now);
}

void Controller::onProbeAnswered(MemberId node, std::uint64_t seq, std::uint64_t boot, Now now) {
  if (!leads_) return;
  Run& run = runs_[node];
  run.boot = boot;
  const NodeRecord* known = state_.findNode(node);
  if (known != nullptr && known->spec.boot == boot) run.seen = now.steady;
  detector_.probeAnswered(node, seq, now.steady);
}

void Controller::onIndirectAnswer(MemberId target, MemberId via, std::uint64_t seq, Reachability result,
                                  Now now) {
  if (leads_) detector_.indirectAnswer(target, via, seq, result, now.steady);
}

void Controller::onProposalDone(ProposalId id, ProposalResult result, Now now) {
  if (statusLane_.busy && statusLane_.id == id) statusLane_.done(result, now.steady);
  if (rebalanceLane_.busy && rebalanceLane_.id == id) {
    rebalanceLane_.done(result, now.steady);
    if (result != ProposalResult::Applied) rebalancer_.failed(now.steady);
  }
}

void Controller::onVoterChangeDone(ProposalResult result, Now now) {
  if (voterLane_.busy) voterLane_.done(result, now.steady);
}

Actions Controller::onTick(Now now) {
  Actions actions;
  if (!leads_) return actions;
  for (DetectorOutput& output : detector_.tick(now.steady)) {
    if (const auto* probe = std::get_if<SendProbe>(&output)) actions.probes.push_back(*probe);
    if (const auto* ask = std::get_if<AskIndirect>(&output)) actions.inquiries.push_back(*ask);
    if (const auto* link = std::get_if<LinkChange>(&output)) actions.links.push_back(*link);
  }
  if (state_.exists()) {
    // Who lives is settled before anything moves: a plan made on stale news would only be refused.
    if (statusLane_.ready(now.steady)) {
      if (auto command = nextStatusChange(now)) propose(statusLane_, *std::move(command), actions);
    }
    if (rebalanceLane_.ready(now.steady) && !statusLane_.busy) {
      if (auto command = rebalancer_.next(state_, damping_, now.steady)) {
        propose(rebalanceLane_, *std::move(command), actions);
      }
    }
    if (voterLane_.ready(now.steady)) {
      VoterChange change = nextVoterChange(consensus_, state_, state_.facts->maxVoters);
      voterReason_ = change.reason;
      if (change) {
        voterLane_.busy = true;
        actions.voterChange = std::move(change);
      }
    }
  }
  actions.nextWake = std::min(detector_.nextWake(), rebalancer_.nextWake(damping_, now.steady));
  for (const Lane* lane : {&statusLane_, &rebalanceLane_, &voterLane_}) {
    if (!lane->busy && lane->notBefore > now.steady)
      actions.nextWake = std::min(actions.nextWake, lane->notBefore);
  }
  return actions;
}

void Controller::propose(Lane& lane, CommandBody body, Actions& actions) {
  lastProposal_ = ProposalId(lastProposal_.value + 1);
  lane.busy = true;
  lane.id = lastProposal_;
  actions.proposals.push_back({lane.id, std::move(body)});
}

// Bad news first: partitions without a primary wait for it.
std::optional<CommandBody> Controller::nextStatusChange(Now now) const {
  std::optional<CommandBody> first;
  for (const auto& entry : state_.nodes) {
    std::optional<CommandBody> change = statusChangeFor(*entry.value, now);
    if (!change) continue;
    const auto* status = std::get_if<SetNodeStatus>(&*change);
    if (status && status->status == NodeStatus::Down) return change;
    if (!first) first = std::move(change);
  }
  return first;
}

std::optional<CommandBody> Controller::statusChangeFor(const NodeRecord& node, Now now) const {
  const auto become = [&](NodeStatus status) {
    const MemberId member = node.spec.member;
    return SetNodeStatus{member, node.incarnation, status, lastSeenAt(member, now), {}, Epoch()};
  };
  const Verdict verdict = seen(node);
  switch (node.status) {
    case NodeStatus::Joining:
      if (verdict == Verdict::Down) return declareDown(node, now);
      if (verdict == Verdict::Alive && mayBecomeActive(node)) return become(NodeStatus::Active);
      return std::nullopt;
    case NodeStatus::Draining:
      if (hasLeft(node)) return become(NodeStatus::Left);
      [[fallthrough]];
    case NodeStatus::Active:
      if (verdict == Verdict::Down) return declareDown(node, now);
      if (verdict == Verdict::Suspect) return become(NodeStatus::Suspect);
      return std::nullopt;
    case NodeStatus::Suspect:
      if (verdict == Verdict::Down) return declareDown(node, now);
      if (verdict == Verdict::Alive) return become(NodeStatus::Active);
      return std::nullopt;
    case NodeStatus::Down:
      // It was cut off and not restarted: nobody but the leader knows that it is back, and it may lead itself
      // by now. A new run tells of itself.
      if (verdict == Verdict::Alive && isSameRun(node)) return RejoinNode{node.spec, node.lastSeenAt};
      return std::nullopt;
    case NodeStatus::Left: return std::nullopt;
  }
  return std::nullopt;
}

SetNodeStatus Controller::declareDown(const NodeRecord& node, Now now) const {
  std::vector<PlacementNode> nodes;
  for (const auto& entry : state_.nodes) {
    const NodeRecord& other = *entry.value;
    const bool lives = isLive(other.status) && other.spec.member != node.spec.member &&
                       seen(other) != Verdict::Down && other.status != NodeStatus::Joining;
    const bool leaves = other.drainRequested || other.status == NodeStatus::Draining;
    const NodeStanding standing = !lives   ? NodeStanding::Absent
                                  : leaves ? NodeStanding::Leaving
                                           : NodeStanding::Available;
    nodes.push_back({other.spec.member, other.spec.id, other.spec.zone, other.spec.weight, standing});
  }
  const RebalancePlan plan = promoteReplicas(*state_.partitions, nodes);
  const MemberId member = node.spec.member;
  return {member,           node.incarnation, NodeStatus::Down, lastSeenAt(member, now), plan.ownerChanges(),
          state_.mapEpoch()};
}

// The log of a learner has to be nearly complete before its node takes partitions over.
bool Controller::mayBecomeActive(const NodeRecord& node) const {
  const ConsensusMember* member = consensus_.find(node.spec.member);
  return node.spec.member == options_.self || (member && member->catchUp == CatchUp::CaughtUp);
}

// It owns nothing any more and no quorum needs it.
bool Controller::hasLeft(const NodeRecord& node) const {
  const MemberId id = node.spec.member;
  const ConsensusMember* member = consensus_.find(id);
  if (id == options_.self || (member && member->vote == Vote::Voter)) return false;
  const auto& assignment = state_.partitions->assignment();
  return std::none_of(assignment.begin(), assignment.end(), [id](const Owners& owners) {
    return std::find(owners.begin(), owners.end(), id) != owners.end();
  });
}

bool Controller::isSameRun(const NodeRecord& node) const {
  if (node.spec.member == options_.self) return node.spec.boot == options_.boot;
  const auto run = runs_.find(node.spec.member);
  return run != runs_.end() && run->second.boot == node.spec.boot;
}

Verdict Controller::seen(const NodeRecord& node) const {
  if (node.spec.member == options_.self) return Verdict::Alive;
  // Without health checks nobody is ever suspected, and whoever announces itself is believed.
  if (options_.healthChecks == HealthChecks::Disabled) {
    return node.status == NodeStatus::Down ? Verdict::Unknown : Verdict::Alive;
  }
  return detector_.verdictOf(node.spec.member);
}

// Of the run that the state knows: a new one answers probes before it is announced, and says nothing about
// how long the node was away.
WallTime Controller::lastSignOfLife(MemberId node, Now now) const {
  const auto run = runs_.find(node);
  if (run == runs_.end() || !run->second.seen) return seenEarlier(node, now);
  return now.wall - (now.steady - *run->second.seen);
}

WallTime Controller::lastSeenAt(MemberId member, Now now) const {
  const auto seen = detector_.lastSeen(member);
  return seen ? now.wall - (now.steady - *seen) : seenEarlier(member, now);
}

// The leader before had all of them in sight, itself too.
WallTime Controller::seenEarlier(MemberId member, Now now) const {
  const NodeRecord* node = state_.findNode(member);
  const auto then = liveThen_.find(member);
  if (!heardAt_ || node == nullptr || then == liveThen_.end() || then->second != node->incarnation) return {};
  return now.wall - (now.steady - *heardAt_);
}

}  // namespace clusterkit
