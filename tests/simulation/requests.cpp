#include "simulation/requests.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMembersMax = 9;  // that are ever made
// Voters that are never told to leave: of two, none may lose its disk.
constexpr std::size_t kStayMin = 3;
constexpr Duration kLimit = 2s;
constexpr Duration kJoinPause = 100ms;

}  // namespace

Requests::Requests(Cluster& cluster) : cluster_(cluster), dice_(cluster.plan().seed ^ 0x61736b73u) {}

void Requests::begin() {
  if (!cluster_.plan().duties) return;
  cluster_.scheduler().after(dice_.between(Duration(1ms), cluster_.plan().operatorPauseMax), [this] {
    stopped_ ? tidy() : turn();
    begin();
  });
}

void Requests::turn() {
  const std::vector<SimNode*> nodes = cluster_.running();
  if (nodes.empty()) return;
  SimNode& node = *dice_.pick(nodes);
  if (node.coordinator().current().exists()) ask(node);
}

// A rebalance that somebody has held or cancelled waits for a word.
void Requests::tidy() {
  SimNode* const leader = cluster_.leader();
  if (leader == nullptr) return;
  const ClusterState& state = leader->coordinator().current();
  if (state.rebalance && state.rebalance->phase == RebalancePhase::Paused)
    return propose(*leader, ControlRebalance{LogIndex(), ControlRebalance::Action::Resume});
  for (const auto& entry : state.nodes)
    if (entry.value->status == NodeStatus::Draining) return rebalance(*leader);
}

void Requests::ask(SimNode& node) {
  const ClusterState& state = node.coordinator().current();
  switch (dice_.below(8)) {
    case 0: return addNode();
    case 1: return removeNode(node);
    case 2:
      if (const auto leaver = someLeaver(state)) propose(node, DrainNode{*leaver});
      return;
    case 3: return propose(node, UndrainNode{someNode(state)});
    case 4: return rebalance(node);
    case 5: {
      const auto action = static_cast<ControlRebalance::Action>(dice_.between(1, 3));
      return propose(node, ControlRebalance{LogIndex(), action});
    }
    default: return report(node);
  }
}

void Requests::addNode() {
  if (cluster_.members().size() < kMembersMax) join(cluster_.add());
}

// As a node does that was told to join: until it is taken in.
void Requests::join(MemberId member) {
  if (stopped_) return;
  const std::vector<SimNode*> nodes = cluster_.running();
  const auto again = [this, member] {
    cluster_.scheduler().after(kJoinPause, [this, member] { join(member); });
  };
  if (nodes.empty() || cluster_.node(member) == nullptr) return again();
  SimNode& asked = *dice_.pick(nodes);
  if (asked.coordinator().current().findNode(member) != nullptr) return;
  cluster_.askToJoin(member, asked, [](const Result<proto::DutyResult>&) {});
  again();  // whatever is answered: the node that was asked may die before it does
}

void Requests::removeNode(SimNode& node) {
  const ClusterState& state = node.coordinator().current();
  const auto leaver = someLeaver(state);
  if (!leaver) return;
  proto::Duty duty;
  duty.mutable_remove()->set_node(std::string(state.nodeIdOf(*leaver)));
  duty.mutable_remove()->set_consent(static_cast<std::uint32_t>(
      dice_.oneIn(3) ? RemoveNode::Consent::LoseLastCopies : RemoveNode::Consent::KeepLastCopies));
  node.gate().ask(std::move(duty), cluster_.scheduler().now() + kLimit,
                  [this](const Result<proto::DutyResult>& result) { taken_ += result ? 1 : 0; });
}

void Requests::rebalance(SimNode& node) {
  proto::Duty duty;
  duty.mutable_rebalance();
  node.gate().ask(std::move(duty), cluster_.scheduler().now() + kLimit,
                  [this](const Result<proto::DutyResult>& result) { taken_ += result ? 1 : 0; });
}

// A new owner that has copied its data; sometimes one that was never asked to.
void Requests::report(SimNode& node) {
  const ClusterState& state = node.coordinator().current();
  for (const auto& entry : state.handoffs)
    for (const MemberId member : entry.value.waiting)
      propose(node, ReportPartitionReady{entry.value.partition, member, entry.value.id});
  if (dice_.oneIn(4)) propose(node, ReportPartitionReady{PartitionId(0), someNode(state), LogIndex()});
}

std::optional<MemberId> Requests::someLeaver(const ClusterState& state) {
  SimNode* const leader = cluster_.leader();
  if (leader == nullptr) return std::nullopt;
  const MemberId leaver = someNode(state);
  const bool fresh = leavers_.insert(leaver).second;
  std::size_t staying = 0;
  for (const MemberId voter : cluster_.voters(*leader)) staying += leavers_.count(voter) == 0 ? 1 : 0;
  if (staying >= kStayMin) return leaver;
  if (fresh) leavers_.erase(leaver);
  return std::nullopt;
}

MemberId Requests::someNode(const ClusterState& state) {
  std::vector<MemberId> all;
  for (const auto& entry : state.nodes) all.push_back(entry.value->spec.member);
  return dice_.pick(all);
}

void Requests::propose(SimNode& node, CommandBody body) {
  node.coordinator().propose(
      std::move(body), {}, cluster_.scheduler().now() + kLimit, [this](const WriteResult& result) {
        taken_ += result.fate == WriteResult::Fate::Applied && result.outcome.applied();
      });
}

}  // namespace clusterkit::sim
