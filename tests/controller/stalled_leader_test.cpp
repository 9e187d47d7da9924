// A leader that stood still wakes up, in clusters of whole nodes on simulated time. What its old office had
// decided must not happen any more; what the next leader decides is an entry in the log of all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "cluster/command_codec.hpp"
#include "simulation/convergence.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kCommandEntry = 1;  // as the consensus plugin writes its type
constexpr Duration kStandstill = 8s;        // the next leader has noticed by then

// A node that was declared down, and the term of the leader that did it.
struct Death {
  MemberId node;
  Epoch term;
  bool operator==(const Death&) const = default;
};
void PrintTo(const Death& death, std::ostream* out) {
  *out << "node " << death.node.value << " in term " << death.term.value;
}

// Of the entries in a log, committed or not.
std::vector<Death> deathsIn(const Disk& disk) {
  std::vector<Death> deaths;
  for (const DiskEntry& entry : disk.durable.log) {
    if (entry.record.type != kCommandEntry) continue;
    const auto decoded = decodeCommand(*entry.bytes);
    const auto* command = std::get_if<Command>(&decoded);
    const auto* status = command == nullptr ? nullptr : std::get_if<SetNodeStatus>(&command->body);
    if (status != nullptr && status->status == NodeStatus::Down)
      deaths.push_back({status->member, Epoch(entry.record.term)});
  }
  return deaths;
}

Plan withDuties(std::size_t nodes) {
  Plan plan(96);
  plan.nodes = nodes;
  plan.raft = RaftOptions{.electionTimeout = 1s};
  plan.facts.partitionCount = 4;
  plan.facts.replicationFactor = 3;
  plan.facts.maxVoters = 5;
  plan.mixesVersions = false;
  plan.duties = DutySettings{};
  return plan;
}

class StalledLeader : public testing::Test {
 protected:
  void found(std::size_t nodes) {
    cluster_.reset();
    plan_ = withDuties(nodes);
    cluster_.emplace(plan_, Trace::Echo::Silent);
    cluster_->found();
    ASSERT_TRUE(cluster_->verdict().holds()) << cluster_->verdict().violation()->detail;
    old_ = cluster_->leader()->member();
    oldTerm_ = termOf(old_);
    for (const MemberId member : cluster_->members())
      ASSERT_THAT(deathsIn(cluster_->disk(member)), IsEmpty());
  }
  Epoch termOf(MemberId member) { return cluster_->node(member)->coordinator().membership()->epoch; }
  NodeStatus statusOf(MemberId member, MemberId asSeenBy) {
    return cluster_->node(asSeenBy)->coordinator().current().findNode(member)->status;
  }
  // Another leads, and has found out about the one that stands still.
  bool nextLeaderHasDecided() {
    const MemberId present = cluster_->leader()->member();
    return present != old_ && statusOf(old_, present) == NodeStatus::Down;
  }
  // Until all is well again. `look` sees it happen, every half millisecond.
  void rest(const std::function<void()>& look) {
    const auto atRest = [&] {
      look();
      return HasFailure() || whatIsMissing(*cluster_).empty();
    };
    EXPECT_TRUE(cluster_->runUntil(atRest, 30s)) << whatIsMissing(*cluster_);
    EXPECT_TRUE(cluster_->verdict().holds()) << cluster_->verdict().violation()->detail;
  }
  // One death, that of the old leader, declared by the present one, in every log.
  void expectOnlyItsOwnDeathOnAll(Epoch declaredIn) {
    EXPECT_GT(declaredIn, oldTerm_);
    for (const MemberId member : cluster_->members())
      EXPECT_THAT(deathsIn(cluster_->disk(member)), ElementsAre(Death{old_, declaredIn})) << member.value;
  }

  Plan plan_{96};
  std::optional<Cluster> cluster_;
  MemberId old_;
  Epoch oldTerm_;
};

// Whatever it was about to do: its probes go out every half second.
TEST_F(StalledLeader, S096_WakesUpAndDeclaresNobodyDown) {
  for (const Duration moment : {0ms, 130ms, 260ms, 390ms, 520ms}) {
    SCOPED_TRACE(moment.count());
    found(3);
    cluster_->runFor(moment);
    cluster_->node(old_)->loop().freezeFor(kStandstill);
    ASSERT_TRUE(cluster_->runUntil([&] { return nextLeaderHasDecided(); }, kStandstill));
    const Epoch next = termOf(cluster_->leader()->member());
    ASSERT_EQ(termOf(old_), oldTerm_) << "it knows nothing of that yet";
    rest([&] {
      for (const Death& death : deathsIn(cluster_->disk(old_)))
        EXPECT_NE(death.term, oldTerm_) << "it does not even try";
    });
    expectOnlyItsOwnDeathOnAll(next);
  }
}

// The worst moment: it has declared a node down, that is in its own log and nowhere else, and before it wakes
// up the node is back. The registration that a stalled leader must not expire.
TEST_F(StalledLeader, S096_HadDeclaredANodeDownThatIsBackBeforeAnybodyHears) {
  found(5);
  const MemberId away = cluster_->members().back() == old_ ? MemberId(1) : cluster_->members().back();
  cluster_->kill(away);
  ASSERT_TRUE(cluster_->runUntil([&] { return statusOf(away, old_) == NodeStatus::Suspect; }, 5s));
  cluster_->runFor(50ms);  // the others have been asked whether they reach it, and still can answer
  for (const MemberId other : cluster_->members()) cluster_->network().cut(old_, other);
  ASSERT_TRUE(cluster_->runUntil([&] { return !deathsIn(cluster_->disk(old_)).empty(); }, 1s));
  ASSERT_THAT(deathsIn(cluster_->disk(old_)), ElementsAre(Death{away, oldTerm_}));

  cluster_->node(old_)->loop().freezeFor(kStandstill);
  cluster_->network().mendAll();
  cluster_->start(away);
  ASSERT_TRUE(cluster_->runUntil([&] { return nextLeaderHasDecided(); }, kStandstill));
  const MemberId present = cluster_->leader()->member();
  const Epoch next = termOf(present);
  EXPECT_EQ(statusOf(away, present), NodeStatus::Active);
  ASSERT_THAT(deathsIn(cluster_->disk(old_)), ElementsAre(Death{away, oldTerm_})) << "it still stands";

  rest([&] { EXPECT_NE(statusOf(away, old_), NodeStatus::Down) << "not for a moment"; });
  EXPECT_EQ(termOf(old_), next);
  expectOnlyItsOwnDeathOnAll(next);
}

}  // namespace
}  // namespace clusterkit::sim
