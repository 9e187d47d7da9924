// Random runs: every fault the model has, from one seed each; the safety rules hold after every step, and
// when the faults end the cluster makes progress again with every acknowledged write in place.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "support/sim_cluster.hpp"

namespace clusterkit::raft::test {
namespace {

Options busyOptions(Prng& prng) {
  Options options = testOptions();
  options.snapshotEntries = 5 + prng.below(40);
  options.trailingEntries = prng.below(8);
  options.snapshotChunkBytes = 20 + prng.below(200);
  options.maxInflightMessages = 1 + prng.below(8);
  options.maxAppendBytes = 40 + prng.below(400);
  options.maxApplyBytes = 40 + prng.below(400);
  options.readTimeout = 1s;
  options.commitNewsPatience = Duration(prng.below(3) * 1ms);
  options.readRoundSpacing = Duration(prng.below(3) * 1ms);
  return options;
}

// What the runs have reached, so that a silent model does not pass for a safe one.
struct Reached {
  std::size_t writes = 0, reads = 0, changes = 0, transfers = 0, restores = 0, snapshots = 0;
  std::uint64_t terms = 0;
};

// One run: calls, faults and repairs in random order.
class Chaos {
 public:
  explicit Chaos(std::uint64_t seed)
      : prng_(seed * 7919), cluster_(seed, voters(), busyOptions(prng_)), spare_{101} {}

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      call();
      if (prng_.below(4) == 0) harm();
      if (prng_.below(5) == 0) mend();
      cluster_.runFor(Duration(static_cast<Duration::rep>(prng_.below(60'000'000))));
    }
    endFaults();
    EXPECT_TRUE(cluster_.commitSomething()) << "no progress after all faults have ended";
    cluster_.expectConverged();
  }

  void countInto(Reached& reached) {
    const auto count = [this](const std::vector<Handle>& handles) {
      std::size_t ok = 0;
      for (Handle h : handles) ok += cluster_.isOk(h) ? 1u : 0u;
      return ok;
    };
    reached.writes += count(writeCalls_);
    reached.reads += count(readCalls_);
    reached.changes += count(changeCalls_);
    reached.transfers += count(transferCalls_);
    reached.terms += cluster_.highestTerm().value;
    for (MemberId id : cluster_.members()) {
      reached.restores += static_cast<std::size_t>(cluster_.node(id).restores());
      reached.snapshots += static_cast<std::size_t>(cluster_.node(id).snapshotsTaken());
    }
  }

 private:
  std::vector<MemberId> voters() {
    return prng_.below(2) == 0 ? std::vector<MemberId>{A, B, C} : std::vector<MemberId>{A, B, C, D, E};
  }
  MemberId pick(const std::vector<MemberId>& from) { return from[prng_.below(from.size())]; }

  void call() {
    const auto up = cluster_.upMembers();
    if (up.empty()) return;
    const MemberId leader = cluster_.leader() && prng_.below(8) != 0 ? cluster_.leader() : pick(up);
    for (std::uint64_t i = prng_.below(4); i > 0; --i)
      writeCalls_.push_back(cluster_.propose(leader, "w" + std::to_string(++writes_)));
    if (prng_.below(3) == 0) readCalls_.push_back(cluster_.barrier(pick(up)));
    if (prng_.below(25) == 0) transferCalls_.push_back(cluster_.transfer(leader));
    if (prng_.below(12) == 0) changeMembers(leader);
  }

  void changeMembers(MemberId leader) {
    const Configuration present = cluster_.node(leader).raft().configuration();
    if (present.members.empty()) return;
    const Member& some = present.members[prng_.below(present.members.size())];
    switch (prng_.below(5)) {
      case 0:
        if (present.memberCount() >= 7) return;
        spare_ = MemberId{spare_.value + 1};
        cluster_.addFresh(spare_);
        changeCalls_.push_back(cluster_.change(leader, AddLearner{member(spare_)}));
        return;
      case 1: changeCalls_.push_back(cluster_.change(leader, PromoteLearner{some.id})); return;
      case 2:
        if (present.voters().size() > 3)
          changeCalls_.push_back(cluster_.change(leader, DemoteVoter{some.id}));
        return;
      case 3:
        if (present.voters().size() > 3)
          changeCalls_.push_back(cluster_.change(leader, RemoveMember{some.id}));
        return;
      default: replaceMembers(leader, present);
    }
  }

  // Every member gets a random role, as far as three voters remain.
  void replaceMembers(MemberId leader, const Configuration& present) {
    ReplaceMembers replace;
    std::size_t votersLeft = 0;
    for (const Member& m : present.members) {
      const auto role = prng_.below(6);
      if (role == 0) continue;
      replace.target.push_back(member(m.id, role == 1 ? MemberKind::Learner : MemberKind::Voter));
      if (role > 1) ++votersLeft;
    }
    if (votersLeft >= 3) changeCalls_.push_back(cluster_.change(leader, std::move(replace)));
  }

  void harm() {
    const auto all = cluster_.members();
    const MemberId id = pick(all);
    switch (prng_.below(9)) {
      case 0:
        if (cluster_.node(id).isUp()) cluster_.crash(id);
        return;
      case 1: cluster_.isolate(id); return;
      case 2: cluster_.network().cut(id, pick(all)); return;
      case 3: cluster_.network().cutOneWay(id, pick(all)); return;
      case 4:
        cluster_.network().loss = static_cast<double>(prng_.below(30)) / 100;
        cluster_.network().duplication = static_cast<double>(prng_.below(50)) / 100;
        cluster_.network().maxDelay = 3ms + 1ms * prng_.below(100);
        return;
      case 5: cluster_.node(id).disk().delay = 1ms + 1ms * prng_.below(200); return;
      case 6: cluster_.node(id).fillDisk(); return;
      case 7: cluster_.pause(id); return;
      default: cluster_.node(id).disk().held = true;
    }
  }

  void mend() {
    if (prng_.below(2) == 0) cluster_.heal();
    for (MemberId id : cluster_.members()) {
      if (!cluster_.node(id).isUp() && prng_.below(2) == 0) cluster_.restart(id);
      if (prng_.below(2) == 0) cluster_.node(id).disk().held = false;
      if (prng_.below(2) == 0) cluster_.node(id).freeDisk(cluster_.now());
      if (prng_.below(2) == 0) cluster_.resume(id);
    }
  }

  void endFaults() {
    cluster_.heal();
    cluster_.network().loss = cluster_.network().duplication = 0;
    cluster_.network().maxDelay = 3ms;
    for (MemberId id : cluster_.members()) {
      cluster_.node(id).disk().held = false;
      cluster_.node(id).disk().delay = 1ms;
      cluster_.node(id).freeDisk(cluster_.now());
      cluster_.resume(id);
      if (!cluster_.node(id).isUp()) cluster_.restart(id);
    }
  }

  Prng prng_;
  SimCluster cluster_;
  MemberId spare_;
  int writes_ = 0;
  std::vector<Handle> writeCalls_, readCalls_, changeCalls_, transferCalls_;
};

std::uint64_t fromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t usualSeeds = 60;  // a sanitizer costs a factor of ten
#else
constexpr std::uint64_t usualSeeds = 600;
#endif

// CLUSTERKIT_RAFT_SEED runs one seed again, CLUSTERKIT_RAFT_SEEDS says how many a run takes.
TEST(Random, SafetyHoldsUnderAllFaultsAndProgressReturns) {
  const std::uint64_t only = fromEnvironment("CLUSTERKIT_RAFT_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : fromEnvironment("CLUSTERKIT_RAFT_SEEDS", usualSeeds);
  Reached reached;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("CLUSTERKIT_RAFT_SEED=" + std::to_string(seed));
    Chaos chaos(seed);
    chaos.run(150);
    if (HasFailure()) return;
    chaos.countInto(reached);
  }
  std::printf("writes %zu reads %zu changes %zu transfers %zu restores %zu snapshots %zu terms %llu\n",
              reached.writes, reached.reads, reached.changes, reached.transfers, reached.restores,
              reached.snapshots, static_cast<unsigned long long>(reached.terms));
  if (last - first < 100) return;
  EXPECT_GT(reached.writes, 10 * (last - first));
  EXPECT_GT(reached.reads, last - first);
  EXPECT_GT(reached.changes, (last - first) / 2);
  EXPECT_GT(reached.transfers, 0u);
  EXPECT_GT(reached.restores, last - first);
  EXPECT_GT(reached.snapshots, last - first);
}

}  // namespace
}  // namespace clusterkit::raft::test
