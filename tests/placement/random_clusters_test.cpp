// Seeded random lives of clusters: joins, leaves, deaths, returns, drains, weights and zones. After every
// step the promises of placement must hold. A failure names its seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "placement/fair_shares.hpp"
#include "placement_fixture.hpp"

namespace clusterkit {
namespace {

using test::node;
using test::PlacedCluster;

struct Life {
  explicit Life(std::uint64_t seed)
      : random(seed),
        partitions(static_cast<std::uint32_t>(1 + random() % 96)),
        factor(static_cast<std::uint32_t>(1 + random() % 4)),
        zones(1 + random() % 4),
        weighted(random() % 2 == 0),
        cluster(partitions, factor) {}

  void step() {
    const std::uint64_t what = random() % 10;
    if (cluster.members.empty() || (what < 4 && cluster.members.size() < 12)) {
      const auto weight = static_cast<std::uint32_t>(weighted ? random() % 5 : 1);
      cluster.members.push_back(node(next++, "zone-" + std::to_string(random() % zones), weight));
      return;
    }
    PlacementNode& n = cluster.members[random() % cluster.members.size()];
    if (what < 6) {
      n.standing = NodeStanding::Absent;
    } else if (what < 8) {
      n.standing = NodeStanding::Available;
    } else if (what < 9) {
      n.standing = NodeStanding::Leaving;
    } else {
      cluster.members.erase(cluster.members.begin() + (&n - cluster.members.data()));
    }
  }

  bool mayOwn(const PlacementNode& n) const { return n.standing == NodeStanding::Available && n.weight > 0; }
  std::size_t available() const {
    return static_cast<std::size_t>(std::count_if(cluster.members.begin(), cluster.members.end(),
                                                  [&](const PlacementNode& n) { return mayOwn(n); }));
  }
  bool allAvailable() const { return available() == cluster.members.size(); }
  bool isLive(MemberId m) const {
    return std::any_of(cluster.members.begin(), cluster.members.end(), [&](const PlacementNode& n) {
      return n.member == m && n.standing != NodeStanding::Absent;
    });
  }

  std::mt19937_64 random;
  std::uint32_t partitions, factor;
  std::uint64_t zones;
  bool weighted;
  PlacedCluster cluster;
  std::uint64_t next = 1;
};

class RandomClusters : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, RandomClusters, ::testing::Range<std::uint64_t>(1, 41));

TEST_P(RandomClusters, APlanNeverTakesTheLastLiveCopyAndNamesWhereToCopyFrom) {
  Life life(GetParam());
  for (int step = 0; step < 40; ++step) {
    life.step();
    for (const Move& move : life.cluster.rebalance().moves) {
      Owners holders;
      for (const MemberId m : move.from) {
        if (life.isLive(m)) holders.push_back(m);
      }
      EXPECT_EQ(move.copyFrom, holders);
      const bool kept = std::any_of(holders.begin(), holders.end(), [&](MemberId m) {
        return std::find(move.to.begin(), move.to.end(), m) != move.to.end();
      });
      EXPECT_TRUE(kept || holders.empty()) << toString(move.partition) << " at step " << step;
    }
  }
}

TEST_P(RandomClusters, OwnersAreEnoughDistinctAndLedByALiveOne) {
  Life life(GetParam());
  for (int step = 0; step < 40; ++step) {
    life.step();
    life.cluster.settle();
    const std::size_t atLeast = std::min<std::size_t>(life.factor, life.available());
    for (const Owners& owners : life.cluster.map.assignment()) {
      EXPECT_GE(owners.size(), atLeast) << "step " << step;
      EXPECT_LE(owners.size(), std::max<std::size_t>(life.factor, 1));
      const bool someLive =
          std::any_of(owners.begin(), owners.end(), [&](MemberId m) { return life.isLive(m); });
      EXPECT_TRUE(!someLive || life.isLive(owners.front()));
    }
    EXPECT_TRUE(life.cluster.rebalance().empty()) << "a settled cluster has nothing to move";
  }
}

TEST_P(RandomClusters, SharesAreByWeightWithinOneWheneverAllNodesAreThere) {
  Life life(GetParam());
  for (int step = 0; step < 40; ++step) {
    life.step();
    life.cluster.settle();
    if (!life.allAvailable()) continue;
    const auto copies = std::min<std::size_t>(life.factor, life.available()) * life.partitions;
    std::vector<ShareRequest> wanted;
    for (const PlacementNode& n : life.cluster.members) wanted.push_back({n.weight, 0, life.partitions});
    const auto copyShares = fairShares(static_cast<std::int64_t>(copies), wanted);
    const auto primaryShares = fairShares(life.partitions, wanted);
    auto haveCopies = life.cluster.copies();
    auto havePrimaries = life.cluster.primaries();
    for (std::size_t n = 0; n < wanted.size(); ++n) {
      const MemberId m = life.cluster.members[n].member;
      EXPECT_GE(haveCopies[m], copyShares[n].low) << "step " << step;
      EXPECT_LE(haveCopies[m], copyShares[n].high) << "step " << step;
      EXPECT_GE(havePrimaries[m], primaryShares[n].low) << "step " << step;
      EXPECT_LE(havePrimaries[m], primaryShares[n].high) << "step " << step;
    }
  }
}

// The spread is the best that the shares allow: a zone with C copies covers every partition C/P times,
// rounded either way (wrap the zones' copies around the partitions, one after the other, to see that it can
// be done).
TEST_P(RandomClusters, ZonesCoverEveryPartitionAsEvenlyAsTheirSharesAllow) {
  Life life(GetParam());
  for (int step = 0; step < 40; ++step) {
    life.step();
    life.cluster.settle();
    if (!life.allAvailable() || life.available() < life.factor) continue;
    std::map<std::string, std::int64_t> copiesIn;
    for (const auto& [m, copies] : life.cluster.copies()) copiesIn[life.cluster.zoneOf(m)] += copies;
    for (std::uint32_t p = 0; p < life.partitions; ++p) {
      std::map<std::string, std::int64_t> covered;
      for (const MemberId m : life.cluster.map.ownersOf(PartitionId(p))) ++covered[life.cluster.zoneOf(m)];
      for (const auto& [zone, copies] : copiesIn) {
        EXPECT_GE(covered[zone], copies / life.partitions) << zone << " step " << step;
        EXPECT_LE(covered[zone], (copies + life.partitions - 1) / life.partitions)
            << zone << " step " << step;
      }
    }
  }
}

TEST_P(RandomClusters, PromotionsMoveNoDataAndLeaveNoDeadPrimaryBesideALiveReplica) {
  Life life(GetParam());
  for (int step = 0; step < 40; ++step) {
    life.step();
    const PartitionMap before = life.cluster.map;
    const RebalancePlan plan = life.cluster.promote();
    EXPECT_EQ(plan.copiesMoved(), 0u);
    for (const Move& move : plan.moves) {
      EXPECT_TRUE(move.removed().empty());
      EXPECT_FALSE(life.isLive(move.from.front())) << "a live primary is never replaced";
    }
    for (const Owners& owners : life.cluster.map.assignment()) {
      const bool someLive =
          std::any_of(owners.begin(), owners.end(), [&](MemberId m) { return life.isLive(m); });
      EXPECT_TRUE(!someLive || life.isLive(owners.front()));
    }
    if (step % 3 == 0) life.cluster.settle();
  }
}

}  // namespace
}  // namespace clusterkit
