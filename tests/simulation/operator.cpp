#include "simulation/operator.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBeforeTheVote =
    3ms;  // from the order to campaign until the old leader is asked for its vote
constexpr std::size_t kMembersMax = 9;  // that are ever made
constexpr std::size_t kVotersMin = 3;   // so that a corrupted one can be repaired

}  // namespace

Operator::Operator(Cluster& cluster) : cluster_(cluster), dice_(cluster.plan().seed ^ 0x6f706572u) {}

void Operator::begin() {
  cluster_.scheduler().after(dice_.between(Duration(1ms), cluster_.plan().operatorPauseMax), [this] {
    if (stopped_) return;
    turn();
    begin();
  });
}

void Operator::turn() {
  SimNode* const leader = cluster_.leader();
  if (leader == nullptr) return;
  const Plan& plan = cluster_.plan();
  if (plan.changesMembers && dice_.oneIn(2)) changeMembers(*leader);
  if (plan.transfersLeadership && dice_.oneIn(3)) transfer(*leader);
  if (plan.changesOwners) changeOwners(*leader);
}

void Operator::changeMembers(SimNode& leader) {
  const auto members = cluster_.consensusMembers(leader);
  const auto voters = cluster_.voters(leader);
  if (members.empty()) return;
  const MemberId some = dice_.pick(members);
  switch (dice_.below(5)) {
    case 0:
      if (cluster_.members().size() < kMembersMax) ask(leader, ChangeKind::AddLearner, cluster_.add());
      return;
    case 1:
      if (voters.size() > kVotersMin) ask(leader, ChangeKind::Demote, some);
      return;
    case 2:
      if (voters.size() > kVotersMin) ask(leader, ChangeKind::Remove, some);
      return;
    default: return ask(leader, ChangeKind::Promote, some);
  }
}

void Operator::ask(SimNode& leader, ChangeKind kind, MemberId member) {
  cluster_.trace().note(Step::Asked, leader.member().value, static_cast<std::uint64_t>(kind), member.value);
  leader.coordinator().consensus().changeMembers(
      {kind, {member, "member-" + std::to_string(member.value), ""}},
      [this](CallOutcome outcome) { changes_ += outcome.ok() ? 1 : 0; });
  const auto& faults = cluster_.plan().faults;
  if (std::find(faults.begin(), faults.end(), Fault::KillMany) != faults.end()) killSoon();
}

// Whoever dies while a change is under way begins again with one that may not be committed.
void Operator::killSoon() {
  if (!dice_.oneIn(3)) return;
  cluster_.scheduler().after(dice_.between(Duration(0ms), Duration(20ms)), [this] {
    if (stopped_) return;
    for (const MemberId member : cluster_.members())
      if (dice_.oneIn(2)) cluster_.kill(member);
  });
}

void Operator::transfer(SimNode& leader) {
  const auto members = cluster_.consensusMembers(leader);
  const MemberId to = members.empty() || dice_.oneIn(3) ? MemberId() : dice_.pick(members);
  // A leader that is cut off while it hands over is the one that could still take itself for the leader: most
  // surely when it does not hear the one that takes over.
  const bool deaf = cluster_.plan().watchPercent != 0 && dice_.oneIn(2);
  if (deaf || dice_.oneIn(2))
    cluster_.scheduler().after(
        dice_.between(Duration(0ms), deaf ? kBeforeTheVote : Duration(20ms)),
        [this, deaf, member = leader.member()] { deaf ? deafen(member) : cutOff(member); });
  leader.coordinator().consensus().stepDown(
      to, [this](CallOutcome outcome) { transfers_ += outcome.ok() ? 1 : 0; });
}

void Operator::cutOff(MemberId member) {
  if (stopped_) return;
  for (const MemberId other : cluster_.members()) {
    cluster_.network().cut(member, other);
    if (dice_.oneIn(2)) cluster_.network().cut(other, member);
  }
  mendLater(member);
}

void Operator::deafen(MemberId member) {
  if (stopped_) return;
  for (const MemberId other : cluster_.members()) cluster_.network().cut(other, member);
  mendLater(member);
}

void Operator::mendLater(MemberId member) {
  cluster_.scheduler().after(dice_.between(Duration(50ms), Duration(2s)), [this, member] {
    for (const MemberId other : cluster_.members()) {
      cluster_.network().mend(member, other);
      cluster_.network().mend(other, member);
    }
  });
}

void Operator::propose(SimNode& leader, CommandBody body) {
  leader.coordinator().propose(
      std::move(body), {}, cluster_.scheduler().now() + 2s, [](WriteResult) {}, Route::HereOnly);
}

void Operator::changeOwners(SimNode& leader) {
  const ClusterState& state = leader.coordinator().current();
  if (state.exists()) propose(leader, ownersCommand(state));
}

CommandBody Operator::ownersCommand(const ClusterState& state) {
  const MemberId some = dice_.pick(cluster_.members());
  switch (dice_.below(6)) {
    case 0: return AddNode{nodeSpecOf(some, 1), {}};
    case 1:
      return SetNodeStatus{some, 0, dice_.oneIn(3) ? NodeStatus::Suspect : NodeStatus::Active, {}, {}, {}};
    case 2: return AnnounceLeader{some};
    default: break;
  }
  if (state.rebalance) {
    BeginMoves begin{state.rebalance->plan, {}};
    for (const auto& entry : state.pendingMoves)
      begin.partitions.emplace_back(static_cast<std::uint32_t>(BigEndianKey::read(entry.key)));
    return begin;
  }
  std::vector<MemberId> active;
  for (const auto& entry : state.nodes)
    if (isPlaceable(entry.value->status)) active.push_back(entry.value->spec.member);
  StartRebalance start{state.mapEpoch(), RebalanceTrigger::Manual, {}, HandoffMode::Immediate, {}};
  for (std::uint32_t p = 0; p < state.partitions->partitionCount() && !active.empty(); ++p) {
    const Owners wanted{dice_.pick(active)};
    const auto present = state.partitions->ownersOf(PartitionId(p));
    if (!std::equal(present.begin(), present.end(), wanted.begin(), wanted.end()))
      start.moves.push_back({PartitionId(p), wanted});
  }
  return start;
}

}  // namespace clusterkit::sim
