#include "simulation/cluster.hpp"

#include <algorithm>

#include "cluster/command_codec.hpp"
#include "simulation/convergence.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 30s;  // for each step of founding, where nothing goes wrong
constexpr Duration kJoinLimit = 3s;
constexpr int kChangeAttempts = 100;
constexpr Duration kRetry = 100ms;
// Between two looks at what is waited for: it may take as long as many events.
constexpr Duration kBetweenLooks = 500us;

}  // namespace

Cluster::Cluster(const Plan& plan, Trace::Echo echo)
    : plan_(plan),
      scheduler_(plan.seed),
      dice_(plan.seed),
      trace_(scheduler_, echo),
      oracle_(scheduler_, disks_, trace_, verdict_),
      network_(scheduler_, dice_, trace_) {
  oracle_.readsMessages = plan.readsMessages;
  oracle_.watchesSinks = !plan.sinks.empty();
  oracle_.statusOf = [this](MemberId member) -> std::optional<ConsensusStatus> {
    SimNode* const alive = node(member);
    if (alive == nullptr || !alive->isRunning()) return std::nullopt;
    const auto status = alive->coordinator().consensus().status();
    return status.ok() ? std::optional(status.value()) : std::nullopt;
  };
  watchLeaders();
}

void Cluster::watchLeaders() {
  for (SimNode* node : running())
    // As a node finds out by HTTP (daemon/membership_check.hpp).
    if (!node->coordinator().membership()->leader)
      for (const MemberId other : members()) node->introduce(other);
    else if (node->leads())
      oracle_.stillLeads(node->member(), node->coordinator().membership()->epoch, node->loop().frozenUntil(),
                         4 * plan_.raft.electionTimeout);
  scheduler_.after(plan_.raft.electionTimeout, [this] { watchLeaders(); });
}

void Cluster::found() {
  const MemberId first = add();
  if (!runUntil([&] { return node(first)->leads(); }, kPatience)) return;
  plan_.duties ? foundByDuties(first) : foundBy(first);
}

void Cluster::foundBy(MemberId first) {
  if (!propose(CreateCluster{plan_.facts, nodeSpecOf(first, 1)})) return;
  for (std::size_t i = 1; i < plan_.nodes; ++i) join(add());
  if (verdict_.holds() && voters(*leader()).size() != plan_.nodes)
    verdict_.broken("ClusterIsFounded", "not all members became voters");
}

// Whoever leads founds the cluster, and makes members, owners and voters of those who ask.
void Cluster::foundByDuties(MemberId first) {
  runUntil([&] { return isActive(first); }, kPatience);
  for (std::size_t i = 1; i < plan_.nodes && verdict_.holds(); ++i) {
    const MemberId member = add();
    askToJoin(member, *node(first), [](const Result<proto::DutyResult>&) {});
    runUntil([&] { return isActive(member); }, kPatience);
  }
  // Until then two may have to decide together, and one lost disk is too many.
  const auto isFounded = [&] {
    return whatIsMissing(*this).empty() && voters(*leader()).size() == plan_.voters();
  };
  if (!runUntil(isFounded, kPatience) && verdict_.holds())
    verdict_.broken("ClusterIsFounded",
                    "there are not " + std::to_string(plan_.voters()) + " voters; " + whatIsMissing(*this));
}

bool Cluster::isActive(MemberId member) {
  SimNode* const leading = leader();
  const NodeRecord* known = leading == nullptr ? nullptr : leading->coordinator().current().findNode(member);
  return known != nullptr && known->status == NodeStatus::Active;
}

void Cluster::askToJoin(MemberId member, SimNode& asked, DutyAnswer answer) {
  proto::Duty duty;
  Command command;
  command.origin = {asked.member(), 0, 1};
  command.body = AddNode{nodeSpecOf(member, boots_.at(member)), {}};
  duty.mutable_join()->set_command(encodeCommand(command));
  asked.gate().ask(std::move(duty), scheduler_.now() + kJoinLimit, std::move(answer));
}

void Cluster::join(MemberId member) {
  propose(AddNode{nodeSpecOf(member, 1), {}});
  change(ChangeKind::AddLearner, member);
  for (int attempt = 0; attempt < kChangeAttempts && !change(ChangeKind::Promote, member); ++attempt)
    runFor(20ms);
  propose(SetNodeStatus{member, 0, NodeStatus::Active, {}, {}, {}});
}

bool Cluster::propose(CommandBody body) {
  SimNode* const leading = leader();
  if (leading == nullptr) return false;
  auto result = std::make_shared<std::optional<WriteResult>>();
  leading->coordinator().propose(std::move(body), {}, scheduler_.now() + kPatience,
                                 [result](WriteResult r) { *result = std::move(r); });
  runUntil([&] { return result->has_value(); }, kPatience);
  return *result && (*result)->fate == WriteResult::Fate::Applied && (*result)->outcome.applied();
}

void Cluster::replaceUnreadable() {
  std::vector<MemberId> gone;
  for (const auto& [member, disk] : disks_)
    if (disk.unreadable) gone.push_back(member);
  for (const MemberId member : gone) {
    const auto isMember = [&] {
      SimNode* const leading = leader();
      if (leading == nullptr) return true;
      const auto all = consensusMembers(*leading);
      return std::find(all.begin(), all.end(), member) != all.end();
    };
    for (int attempt = 0; attempt < kChangeAttempts && isMember(); ++attempt) {
      remove(member);
      runFor(kRetry);
    }
  }
}

bool Cluster::remove(MemberId member) {
  if (!plan_.duties) return change(ChangeKind::Remove, member);
  SimNode* const leading = leader();
  if (leading == nullptr) return false;
  proto::Duty duty;
  duty.mutable_remove()->set_node(nodeSpecOf(member, 0).id);
  duty.mutable_remove()->set_consent(static_cast<std::uint32_t>(RemoveNode::Consent::LoseLastCopies));
  auto answered = std::make_shared<std::optional<bool>>();
  leading->gate().ask(std::move(duty), scheduler_.now() + kPatience,
                      [answered](const Result<proto::DutyResult>& result) { *answered = bool(result); });
  runUntil([&] { return answered->has_value(); }, kPatience);
  return *answered == true;
}

bool Cluster::change(ChangeKind kind, MemberId member) {
  SimNode* const leading = leader();
  if (leading == nullptr) return false;
  auto outcome = std::make_shared<std::optional<Status>>();
  leading->coordinator().consensus().changeMembers(
      {kind, {member, "member-" + std::to_string(member.value), ""}},
      [outcome](CallOutcome o) { *outcome = o.status; });
  runUntil([&] { return outcome->has_value(); }, kPatience);
  return *outcome == Status::Ok;
}

bool Cluster::runUntil(const std::function<bool()>& condition, Duration limit) {
  MonotonicTime nextLook = scheduler_.now();
  const bool met = scheduler_.runUntil(
      [&] {
        oracle_.endOfEvent();
        if (somebodyLostPower_) buryTheDead();
        if (!verdict_.holds()) return true;
        if (scheduler_.now() < nextLook) return false;
        nextLook = scheduler_.now() + kBetweenLooks;
        return condition();
      },
      limit);
  return met && verdict_.holds();
}

void Cluster::runFor(Duration span) {
  const MonotonicTime end = scheduler_.now() + span;
  runUntil([] { return false; }, span);
  if (verdict_.holds()) scheduler_.runFor(end - scheduler_.now());
}

void Cluster::buryTheDead() {
  somebodyLostPower_ = false;
  std::vector<MemberId> dead;
  for (const auto& [member, node] : nodes_)
    if (node && !node->power().isOn()) dead.push_back(member);
  for (const MemberId member : dead) {
    nodes_.erase(member);
    Disk& disk = disks_.at(member);
    const std::size_t unsynced = disk.unsynced.size();
    trace_.note(Step::PowerLost, member.value, disk.losePower(dice_), unsynced);
    disk.faults = {};
    if (onLoss) onLoss(member);
  }
}

MemberId Cluster::add() {
  const MemberId member(disks_.empty() ? 1 : disks_.rbegin()->first.value + 1);
  disks_.try_emplace(member);
  for (auto& [other, node] : nodes_)
    if (node) node->introduce(member);
  start(member);
  return member;
}

void Cluster::start(MemberId member) {
  if (node(member) != nullptr || disk(member).unreadable) return;
  const std::vector<MemberId> everybody = members();
  const NodeParts parts{plan_, scheduler_, network_, dice_, trace_, oracle_, somebodyLostPower_, calmSinks_};
  const NodeIdentity identity{member, ++boots_[member], plan_.facts.id,
                              member == MemberId(1) ? BootKind::New : BootKind::Join,
                              plan_.mixesVersions && dice_.oneIn(2) ? Version::Other : Version::Ours};
  nodes_[member] = std::make_unique<SimNode>(parts, identity, disks_.at(member), everybody);
}

void Cluster::kill(MemberId member) {
  if (SimNode* const alive = node(member)) alive->power().cut();
}

std::vector<MemberId> Cluster::members() const {
  std::vector<MemberId> all;
  for (const auto& [member, disk] : disks_) all.push_back(member);
  return all;
}

std::vector<SimNode*> Cluster::running() {
  std::vector<SimNode*> all;
  for (const auto& [member, node] : nodes_)
    if (node && node->isRunning()) all.push_back(node.get());
  return all;
}

SimNode* Cluster::node(MemberId member) {
  const auto found = nodes_.find(member);
  return found == nodes_.end() ? nullptr : found->second.get();
}

SimNode* Cluster::leader() {
  SimNode* newest = nullptr;
  for (SimNode* node : running()) {
    if (!node->leads()) continue;
    if (newest == nullptr ||
        node->coordinator().membership()->epoch > newest->coordinator().membership()->epoch)
      newest = node;
  }
  return newest;
}

std::vector<MemberId> Cluster::consensusMembers(SimNode& leader) const {
  std::vector<MemberId> all;
  for (const Member& m : leader.coordinator().membership()->members) all.push_back(m.peer.member);
  return all;
}

std::vector<MemberId> Cluster::voters(SimNode& leader) const {
  std::vector<MemberId> all;
  for (const Member& m : leader.coordinator().membership()->members)
    if (m.kind == MemberKind::Voter) all.push_back(m.peer.member);
  return all;
}

}  // namespace clusterkit::sim
