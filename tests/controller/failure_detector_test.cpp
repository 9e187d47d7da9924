#include "controller/failure_detector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "detector_sim.hpp"

namespace clusterkit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::at;
using test::DetectorSim;
using test::kLeader;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MemberId kTwo{2}, kThree{3}, kFour{4};

TEST(FailureDetector, NodesThatAnswerAreAliveAndNobodyElseIsBothered) {
  DetectorSim sim(3);
  sim.run(seconds(60));
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Alive);
  EXPECT_EQ(sim.detector.verdictOf(kThree), Verdict::Alive);
  EXPECT_THAT(sim.verdicts, SizeIs(2));
  EXPECT_EQ(sim.inquiries, 0u);
  EXPECT_NEAR(static_cast<double>(sim.probes), 240, 4) << "two nodes, every half second";
  EXPECT_EQ(sim.detector.verdictOf(kLeader), Verdict::Unknown) << "the leader does not watch itself";
}

// The budget of the design is 3 s from death to the commit. Whenever the node dies between two probes.
TEST(FailureDetector, ADeadNodeIsSuspectedAndThenDownWithin2300Milliseconds) {
  for (Duration offset{}; offset < milliseconds(500); offset += milliseconds(70)) {
    for (const std::uint64_t size : {2u, 3u, 5u, 9u}) {
      DetectorSim sim(size);
      if (size == 2) sim.detector.setVoters({kLeader});
      sim.run(seconds(5) + offset);
      sim.dead.insert(kTwo);
      const auto took = sim.runUntil(kTwo, Verdict::Down, seconds(10));
      ASSERT_TRUE(took) << size << " nodes";
      EXPECT_LE(*took, milliseconds(2300)) << size << " nodes";
      EXPECT_GE(*took, milliseconds(1500)) << "three probes were given their time";
      EXPECT_TRUE(sim.everSaid(kTwo, Verdict::Suspect));
      EXPECT_FALSE(sim.everSaid(kThree, Verdict::Suspect));
    }
  }
}

TEST(FailureDetector, TwoDeadNodesOfFiveAreBothDownInTime) {
  DetectorSim sim(5);
  sim.run(seconds(5));
  sim.dead = {kTwo, kThree};
  EXPECT_TRUE(sim.runUntil(kTwo, Verdict::Down, milliseconds(2400)));
  EXPECT_TRUE(sim.runUntil(kThree, Verdict::Down, milliseconds(200)));
  EXPECT_EQ(sim.detector.verdictOf(kFour), Verdict::Alive);
}

// Its process starts listening while the leader probes it already: it must not wait a whole interval for its
// partitions.
TEST(FailureDetector, ANewNodeThatMissesTheFirstProbeIsSeenAsSoonAsItListens) {
  DetectorSim sim(3);
  sim.run(seconds(5));
  sim.dead.insert(kFour);
  sim.watched.push_back({kFour, NodeStatus::Joining, 1});
  sim.detector.setNodes(sim.watched, at(sim.now));
  sim.run(milliseconds(100));
  EXPECT_EQ(sim.detector.verdictOf(kFour), Verdict::Unknown);
  sim.dead.erase(kFour);
  EXPECT_TRUE(sim.runUntil(kFour, Verdict::Alive, milliseconds(100)));
}

TEST(FailureDetector, ANodeThatIsNeverHeardOfIsDownInTheUsualTimeAndIsNotFlooded) {
  DetectorSim sim(3);
  sim.run(seconds(5));
  sim.dead.insert(kFour);
  sim.watched.push_back({kFour, NodeStatus::Joining, 1});
  sim.detector.setNodes(sim.watched, at(sim.now));
  const std::size_t before = sim.probes;
  const auto took = sim.runUntil(kFour, Verdict::Down, seconds(10));
  ASSERT_TRUE(took);
  EXPECT_LE(*took, milliseconds(2300));
  EXPECT_LE(sim.probes - before, 80u);
}

TEST(FailureDetector, ANewLeaderDoesNotFloodANodeThatIsDown) {
  DetectorSim sim(3);
  sim.dead.insert(kTwo);
  sim.watched[1].status = NodeStatus::Down;
  sim.detector.setNodes(sim.watched, at(sim.now));
  sim.detector.reset(at(sim.now));
  sim.run(seconds(10));
  const std::size_t before = sim.probes;
  sim.run(seconds(10));
  EXPECT_NEAR(static_cast<double>(sim.probes - before), 40, 3) << "two nodes, every half second";
}

TEST(FailureDetector, OneBadLinkEvictsNobodyAndIsReportedOnce) {
  DetectorSim sim(3);
  sim.run(seconds(5));
  sim.cutLink(kLeader, kTwo);
  sim.run(seconds(60));
  EXPECT_FALSE(sim.everSaidDown());
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Alive);
  ASSERT_THAT(sim.links, SizeIs(1));
  EXPECT_EQ(sim.links[0].node, kTwo);
  EXPECT_EQ(sim.links[0].via, kThree);
  EXPECT_EQ(sim.links[0].state, LinkChange::State::Broken);
  const auto suspicions = std::count_if(sim.verdicts.begin(), sim.verdicts.end(),
                                        [](const auto& v) { return v.verdict == Verdict::Suspect; });
  EXPECT_EQ(suspicions, 1) << "a link known as broken does not make the node a suspect again and again";

  sim.healLink(kLeader, kTwo);
  sim.run(seconds(2));
  ASSERT_THAT(sim.links, SizeIs(2));
  EXPECT_EQ(sim.links[1].state, LinkChange::State::Healed);
}

TEST(FailureDetector, ANodeBehindABadLinkThatReallyDiesIsDown) {
  DetectorSim sim(4);
  sim.run(seconds(5));
  sim.cutLink(kLeader, kTwo);
  sim.run(seconds(10));
  sim.dead.insert(kTwo);
  EXPECT_TRUE(sim.runUntil(kTwo, Verdict::Down, seconds(4)));
}

TEST(FailureDetector, NobodyIsEvictedWhileTheLeadersOwnNetworkIsDead) {
  for (const std::uint64_t size : {2u, 3u, 5u}) {
    DetectorSim sim(size);
    sim.run(seconds(5));
    for (std::uint64_t n = 2; n <= size; ++n) sim.cutLink(kLeader, MemberId(n));
    sim.run(seconds(30));
    EXPECT_FALSE(sim.everSaidDown()) << size << " nodes";
    for (std::uint64_t n = 2; n <= size; ++n) sim.healLink(kLeader, MemberId(n));
    sim.run(seconds(30));
    EXPECT_FALSE(sim.everSaidDown()) << "nor when it is back, " << size << " nodes";
    EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Alive);
  }
}

TEST(FailureDetector, ALeaderThatStoodStillBlamesNobody) {
  DetectorSim sim(3);
  sim.run(seconds(5));
  for (int pause = 0; pause < 10; ++pause) {
    sim.now += seconds(4);  // suspended: no ticks, answers wait unread
    sim.run(milliseconds(700));
  }
  EXPECT_FALSE(sim.everSaid(kTwo, Verdict::Suspect));
  EXPECT_FALSE(sim.everSaidDown());
}

TEST(FailureDetector, AFreshLeaderGivesEveryNodeAFullPeriod) {
  DetectorSim sim(3);
  sim.watched[1].status = NodeStatus::Suspect;
  sim.dead.insert(kTwo);
  sim.detector.reset(at(sim.now));
  sim.detector.setNodes(sim.watched, at(sim.now));
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Unknown);
  const auto took = sim.runUntil(kTwo, Verdict::Down, seconds(5));
  ASSERT_TRUE(took);
  EXPECT_GE(*took, milliseconds(1500));
}

TEST(FailureDetector, WithNobodyToAskItsOwnViewDecides) {
  DetectorSim sim(2);
  sim.detector.setVoters({kLeader});  // two nodes have one voter
  sim.run(seconds(5));
  sim.dead.insert(kTwo);
  EXPECT_TRUE(sim.runUntil(kTwo, Verdict::Down, milliseconds(2300)));
  EXPECT_EQ(sim.inquiries, 0u);
}

TEST(FailureDetector, ANodeThatIsDownIsSeenWhenItAnswersAgain) {
  DetectorSim sim(3);
  sim.run(seconds(2));
  sim.dead.insert(kTwo);
  ASSERT_TRUE(sim.runUntil(kTwo, Verdict::Down, seconds(3)));
  sim.watched[1].status = NodeStatus::Down;
  sim.detector.setNodes(sim.watched, at(sim.now));
  const std::size_t asked = sim.inquiries;
  sim.run(seconds(20));
  EXPECT_EQ(sim.inquiries, asked) << "others are not asked about a node that is known as down";
  sim.dead.clear();
  EXPECT_TRUE(sim.runUntil(kTwo, Verdict::Alive, seconds(2)));
}

TEST(FailureDetector, ANewLifeOfANodeStartsWithoutOldFailures) {
  DetectorSim sim(3);
  sim.run(seconds(2));
  sim.dead.insert(kTwo);
  ASSERT_TRUE(sim.runUntil(kTwo, Verdict::Suspect, seconds(3)));
  sim.verdicts.clear();
  sim.watched[1].incarnation = 2;
  sim.detector.setNodes(sim.watched, at(sim.now));
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Unknown);
  sim.dead.clear();
  sim.run(seconds(5));
  EXPECT_FALSE(sim.everSaidDown());
}

TEST(FailureDetector, AnswersThatNobodyAskedForChangeNothing) {
  DetectorSim sim(3);
  sim.run(seconds(2));
  sim.dead.insert(kTwo);
  for (int i = 0; i < 400; ++i) {
    sim.detector.probeAnswered(kTwo, 1, at(sim.now));  // the answer to the first probe, again and again
    sim.detector.indirectAnswer(kTwo, kThree, 1, Reachability::Reachable, at(sim.now));
    sim.detector.indirectAnswer(kTwo, MemberId(99), 0, Reachability::Reachable, at(sim.now));
    sim.run(milliseconds(10));
  }
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Down);
}

TEST(FailureDetector, NodesThatLeftAreNotWatched) {
  DetectorSim sim(3);
  sim.watched[1].status = NodeStatus::Left;
  sim.detector.setNodes(sim.watched, at(sim.now));
  sim.run(seconds(1));
  EXPECT_EQ(sim.detector.verdictOf(kTwo), Verdict::Unknown);
  EXPECT_EQ(sim.detector.lastSeen(kTwo), std::nullopt);
}

TEST(FailureDetector, BadLinksOfTheLeaderToAMinorityEvictNobody) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t size = 3 + random() % 6;
    DetectorSim sim(size);
    sim.run(seconds(3));
    for (int phase = 0; phase < 8; ++phase) {
      sim.cut.clear();
      const std::size_t cuts = random() % ((size - 1) / 2 + 1);
      while (sim.cut.size() < cuts) sim.cutLink(kLeader, MemberId(2 + random() % (size - 1)));
      sim.run(seconds(4) + milliseconds(random() % 1000));
      EXPECT_FALSE(sim.everSaidDown()) << "seed " << seed << " phase " << phase;
    }
  }
}

TEST(FailureDetector, InRandomNetworksTheDeadAreDownInTimeWheneverAMajorityAnswers) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    std::mt19937_64 random(seed);
    const std::uint64_t size = 3 + random() % 6;
    DetectorSim sim(size);
    sim.latency = milliseconds(random() % 40);
    sim.run(seconds(3) + milliseconds(random() % 1000));
    const std::size_t deaths = 1 + random() % ((size - 1) / 2);
    while (sim.dead.size() < deaths) sim.dead.insert(MemberId(2 + random() % (size - 1)));
    sim.run(milliseconds(2600));
    for (const WatchedNode& node : sim.watched) {
      if (node.member == kLeader) continue;
      const Verdict expected = sim.dead.contains(node.member) ? Verdict::Down : Verdict::Alive;
      EXPECT_EQ(sim.detector.verdictOf(node.member), expected)
          << "seed " << seed << " node " << node.member.value;
    }
  }
}

}  // namespace
}  // namespace clusterkit
