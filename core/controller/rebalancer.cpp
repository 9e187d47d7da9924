#include "controller/rebalancer.hpp"

#include <algorithm>

namespace clusterkit {

namespace {

constexpr Duration kRetryDelay = std::chrono::milliseconds(250);
// A stream of changes, or a node that does not get on with joining, holds a rebalance up no longer than this
// many delays.
constexpr int kMaxDelays = 5;

// Only movements of copies start by themselves: a node that comes back in time moves nothing, not even
// primaries.
bool movesCopies(const RebalancePlan& plan) {
  return std::any_of(plan.moves.begin(), plan.moves.end(),
                     [](const Move& move) { return !move.added().empty() || !move.removed().empty(); });
}

struct Cause {
  RebalanceTrigger trigger = RebalanceTrigger::Manual;
  NodeId node;
};

// What made the plan necessary, as far as the map itself tells; so every leader names the same cause.
Cause causeOf(const ClusterState& state, const RebalancePlan& plan, std::span<const PlacementNode> nodes) {
  std::vector<MemberId> owners;
  for (const Owners& some : state.partitions->assignment())
    owners.insert(owners.end(), some.begin(), some.end());
  std::sort(owners.begin(), owners.end());
  const auto ownsSomething = [&](MemberId m) { return std::binary_search(owners.begin(), owners.end(), m); };
  for (const PlacementNode& node : nodes) {
    const bool may = node.standing == NodeStanding::Available && node.weight > 0;
    if (may && !ownsSomething(node.member)) return {RebalanceTrigger::NodeJoin, node.id};
  }
  for (const Move& move : plan.moves) {
    for (const MemberId member : move.removed()) {
      const auto listed = std::find_if(nodes.begin(), nodes.end(),
                                       [&](const PlacementNode& n) { return n.member == member; });
      if (listed == nodes.end() || listed->standing != NodeStanding::Available) {
        return {RebalanceTrigger::NodeLeave, NodeId(state.nodeIdOf(member))};
      }
    }
  }
  // The same nodes as before: this one completes what the last one could not do at once.
  if (state.lastRebalance)
    return {state.lastRebalance->rebalance.trigger, state.lastRebalance->rebalance.triggerNode};
  return {};
}

bool isNewOwner(const ClusterState& state, PartitionId partition, MemberId member) {
  return !state.partitions->owns(member, partition);
}

// A suspect recovers or goes down soon, and then the state drops its moves; a node that is drained never
// takes them.
enum class Readiness : std::uint8_t { Ready, Wait, Never };

Readiness readinessOf(const ClusterState& state, PartitionId partition, const Owners& target) {
  Readiness worst = Readiness::Ready;
  for (const MemberId member : target) {
    const NodeRecord* node = state.findNode(member);
    if (!node || isPlaceable(node->status) || !isNewOwner(state, partition, member)) continue;
    worst = std::max(worst, node->drainRequested ? Readiness::Never : Readiness::Wait);
  }
  return worst;
}

PartitionId partitionOfEntry(std::string_view key) {
  return PartitionId(static_cast<std::uint32_t>(BigEndianKey::read(key)));
}

bool planIsObsolete(const ClusterState& state) {
  for (const auto& entry : state.pendingMoves) {
    if (readinessOf(state, partitionOfEntry(entry.key), entry.value) == Readiness::Never) return true;
  }
  return false;
}

bool hasStatus(const ClusterState& state, NodeStatus status) {
  for (const auto& entry : state.nodes) {
    if (entry.value->status == status) return true;
  }
  return false;
}

// How many moves each node takes part in.
class Business {
 public:
  explicit Business(std::uint32_t limit) : limit_(limit) {}

  void add(const std::vector<MemberId>& participants) {
    for (const MemberId member : participants) ++moves_[member];
  }
  bool allows(const std::vector<MemberId>& participants) const {
    return std::none_of(participants.begin(), participants.end(), [&](MemberId member) {
      const auto found = moves_.find(member);
      return found != moves_.end() && found->second >= limit_;
    });
  }

 private:
  std::uint32_t limit_;
  std::map<MemberId, std::uint32_t> moves_;
};

// The nodes that copy, and the one that is copied from. Moves of roles alone are free.
std::vector<MemberId> participantsOf(const ClusterState& state, PartitionId partition, const Owners& target) {
  const auto present = state.partitions->ownersOf(partition);
  std::vector<MemberId> participants;
  for (const MemberId member : target) {
    if (isNewOwner(state, partition, member)) participants.push_back(member);
  }
  if (participants.empty()) return participants;
  for (const MemberId member : present) {
    const NodeRecord* node = state.findNode(member);
    if (!node || !isLive(node->status)) continue;
    participants.push_back(member);
    break;
  }
  return participants;
}

}  // namespace

bool Rebalancer::Basis::operator==(const Basis& other) const {
  return std::equal(nodes.begin(), nodes.end(), other.nodes.begin(), other.nodes.end(),
                    [](const PlacementNode& a, const PlacementNode& b) {
                      return a.member == b.member && a.id == b.id && a.zone == b.zone &&
                             a.weight == b.weight && a.standing == b.standing;
                    });
}

void Rebalancer::reset() { *this = Rebalancer(options_); }

void Rebalancer::observe(const ClusterState& state, const FlapDamping& damping, MonotonicTime now) {
  absences_.observe(state, now);
  noteCancellation(state);
  Basis basis{placementNodes(state, absences_, damping, options_.grace, now)};
  if (!basis_ || !(*basis_ == basis)) {
    // What an operator cancelled stays cancelled until something changes, also under the next leader.
    if (basis_) cancelledPlan_.reset();
    if (doneAtEpoch_ || !basis_) firstChangeAt_ = now;
    lastChangeAt_ = now;
    doneAtEpoch_.reset();
    promotedAtEpoch_.reset();
    basis_ = std::move(basis);
  }

  std::map<PartitionId, RunningHandoff> running;
  for (const auto& entry : state.handoffs) {
    const Handoff& handoff = entry.value;
    const auto known = handoffs_.find(handoff.partition);
    const bool same = known != handoffs_.end() && known->second.id == handoff.id;
    running.emplace(handoff.partition, same ? known->second : RunningHandoff{handoff.id, now});
  }
  handoffs_ = std::move(running);
}

void Rebalancer::noteCancellation(const ClusterState& state) {
  const auto& last = state.lastRebalance;
  if (!last || last->rebalance.plan == lastFinished_) return;
  lastFinished_ = last->rebalance.plan;
  cancelledPlan_.reset();
  const bool byOperator = last->outcome == RebalanceOutcome::Cancelled && lastFinished_ != abandonedPlan_;
  if (byOperator) cancelledPlan_ = lastFinished_;
}

std::optional<CommandBody> Rebalancer::next(const ClusterState& state, const FlapDamping& damping,
                                            MonotonicTime now) {
  if (!state.exists() || now < notBefore_) return std::nullopt;
  observe(state, damping, now);  // a grace or a hold may have ended since
  if (auto command = promote(state)) return command;
  return state.rebalance ? advance(state, now) : start(state, now);
}

void Rebalancer::failed(MonotonicTime now) {
  notBefore_ = now + kRetryDelay;
  doneAtEpoch_.reset();
  promotedAtEpoch_.reset();
}

// The safety net under SetNodeStatus, which promotes in the same step whenever its guard holds.
std::optional<CommandBody> Rebalancer::promote(const ClusterState& state) {
  if (promotedAtEpoch_ == state.mapEpoch()) return std::nullopt;
  promotedAtEpoch_ = state.mapEpoch();
  const RebalancePlan plan = promoteReplicas(*state.partitions, basis_->nodes);
  if (plan.empty()) return std::nullopt;
  return PromoteReplicas{state.mapEpoch(), plan.ownerChanges()};
}

std::optional<CommandBody> Rebalancer::advance(const ClusterState& state, MonotonicTime now) {
  manualRequested_ = false;
  const Rebalance& running = *state.rebalance;
  std::vector<PartitionId> overdue;
  for (const auto& [partition, handoff] : handoffs_) {
    if (now - handoff.since >= options_.handoffTimeout) overdue.push_back(partition);
  }
  if (!overdue.empty()) return FinishHandoffs{running.plan, std::move(overdue)};
  if (running.phase == RebalancePhase::Paused) return std::nullopt;
  if (planIsObsolete(state)) {
    abandonedPlan_ = running.plan;
    return ControlRebalance{running.plan, ControlRebalance::Action::Cancel};
  }
  std::vector<PartitionId> moves = movesToBegin(state);
  if (moves.empty()) return std::nullopt;
  return BeginMoves{running.plan, std::move(moves)};
}

std::vector<PartitionId> Rebalancer::movesToBegin(const ClusterState& state) const {
  Business business(options_.maxMoves);
  for (const auto& entry : state.handoffs) {
    business.add(participantsOf(state, entry.value.partition, entry.value.target));
  }
  std::vector<PartitionId> chosen;
  for (const auto& entry : state.pendingMoves) {
    const PartitionId partition = partitionOfEntry(entry.key);
    const auto participants = participantsOf(state, partition, entry.value);
    if (readinessOf(state, partition, entry.value) != Readiness::Ready || !business.allows(participants))
      continue;
    business.add(participants);
    chosen.push_back(partition);
  }
  return chosen;
}

std::optional<CommandBody> Rebalancer::start(const ClusterState& state, MonotonicTime now) {
  const bool manual = manualRequested_;
  if (!manual) {
    if (doneAtEpoch_ == state.mapEpoch() || cancelledPlan_ || !settled(state, now)) return std::nullopt;
  }
  const PlacementStrategy* strategy = findPlacementStrategy(state.facts->strategy);
  if (!strategy) return std::nullopt;
  manualRequested_ = false;
  cancelledPlan_.reset();
  doneAtEpoch_ = state.mapEpoch();
  const RebalancePlan plan =
      planRebalance(*state.partitions, basis_->nodes, *strategy, state.facts->replicationFactor);
  if (manual ? plan.empty() : !movesCopies(plan)) return std::nullopt;
  const Cause cause = manual ? Cause{} : causeOf(state, plan, basis_->nodes);
  return StartRebalance{state.mapEpoch(), cause.trigger, cause.node, options_.handoff, plan.ownerChanges()};
}

// Quiet for the delay, nobody under suspicion, and nobody about to become active; but not for ever.
bool Rebalancer::settled(const ClusterState& state, MonotonicTime now) const {
  if (now - firstChangeAt_ >= options_.grace) return true;
  if (hasStatus(state, NodeStatus::Suspect)) return false;
  if (now - firstChangeAt_ >= options_.delay * kMaxDelays) return true;
  return now - lastChangeAt_ >= options_.delay && !hasStatus(state, NodeStatus::Joining);
}

RebalancePlan Rebalancer::plan(const ClusterState& state, const FlapDamping& damping,
                               MonotonicTime now) const {
  const PlacementStrategy* strategy = findPlacementStrategy(state.facts->strategy);
  if (!strategy) return {};
  const auto nodes = placementNodes(state, absences_, damping, options_.grace, now);
  return planRebalance(*state.partitions, nodes, *strategy, state.facts->replicationFactor);
}

MonotonicTime Rebalancer::nextWake(const FlapDamping& damping, MonotonicTime now) const {
  MonotonicTime wake = std::min(absences_.nextOverdue(options_.grace, now), damping.nextRelease(now));
  const auto later = [&](MonotonicTime at) {
    if (at > now) wake = std::min(wake, at);
  };
  later(notBefore_);
  later(lastChangeAt_ + options_.delay);
  later(firstChangeAt_ + options_.delay * kMaxDelays);
  for (const auto& [partition, handoff] : handoffs_) later(handoff.since + options_.handoffTimeout);
  return wake;
}

}  // namespace clusterkit
