// Linearizable reads of one node: what they share, and what each of them keeps for itself.
#include "cluster/read_path.hpp"

#include <gmock/gmock.h>

#include "cluster/scripted_cluster.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;

class Reads : public testing::Test {
 protected:
  using Read = std::shared_ptr<std::optional<Result<LogIndex>>>;

  void SetUp() override {
    cluster_.start(1);
    cluster_.found();
    consensus().script.answersBarriers = false;
    consensus().barriers.clear();
  }

  FakeConsensus& consensus() { return *cluster_.node(1).consensus.object; }
  std::vector<ck_token>& barriers() { return consensus().barriers; }
  Read read(Duration limit = 1s) {
    auto read = std::make_shared<std::optional<Result<LogIndex>>>();
    Coordinator& coordinator = cluster_.node(1).coordinator;
    coordinator.readBarrier(cluster_.node(1).loop.now() + limit, [read](Result<LogIndex> result) {
      ASSERT_FALSE(*read) << "answered twice";
      read->emplace(std::move(result));
    });
    EXPECT_FALSE(*read) << "answered inside the call";
    return read;
  }
  static Status statusOf(const Read& read) {
    return !*read ? Status::Again : (*read)->ok() ? Status::Ok : (*read)->failure().status;
  }

  ScriptedCluster cluster_;
};

TEST_F(Reads, ThoseOfOneTurnShareOneBarrierAndEachIsAnswered) {
  const Read one = read(), two = read(), three = read();
  cluster_.runFor(1ms);
  ASSERT_EQ(barriers().size(), 1U);
  consensus().host.complete(barriers()[0], CK_OK, 7);
  cluster_.runFor(1ms);
  for (const Read& each : {one, two, three}) {
    ASSERT_EQ(statusOf(each), Status::Ok);
    EXPECT_EQ((*each)->value(), LogIndex(7));
  }
}

// The barrier under way may have been confirmed before the read was asked for.
TEST_F(Reads, OneThatComesWhileABarrierIsUnderWayGetsItsOwn) {
  const Read early = read();
  cluster_.runFor(1ms);
  const Read late = read();
  cluster_.runFor(1ms);
  ASSERT_EQ(barriers().size(), 2U);
  consensus().host.complete(barriers()[0], CK_OK, 7);
  cluster_.runFor(1ms);
  EXPECT_EQ(statusOf(early), Status::Ok);
  EXPECT_EQ(statusOf(late), Status::Again) << "it must wait for a round that began after it";
  consensus().host.complete(barriers()[1], CK_OK, 8);
  cluster_.runFor(1ms);
  ASSERT_EQ(statusOf(late), Status::Ok);
  EXPECT_EQ((*late)->value(), LogIndex(8));
}

TEST_F(Reads, EachKeepsItsOwnDeadline) {
  const Read patient = read(1s), hasty = read(20ms), middling = read(50ms);
  cluster_.runFor(30ms);
  EXPECT_EQ(statusOf(hasty), Status::Timeout);
  EXPECT_EQ(statusOf(middling), Status::Again);
  cluster_.runFor(30ms);
  EXPECT_EQ(statusOf(middling), Status::Timeout);
  ASSERT_EQ(barriers().size(), 1U);
  consensus().host.complete(barriers()[0], CK_OK, 7);
  cluster_.runFor(2s);
  EXPECT_EQ(statusOf(patient), Status::Ok);
}

TEST_F(Reads, AnAnswerThatComesWhenAllHaveGivenUpReachesNobody) {
  const Read gaveUp = read(20ms);
  cluster_.runFor(30ms);
  EXPECT_EQ(statusOf(gaveUp), Status::Timeout);
  consensus().host.complete(barriers()[0], CK_OK, 7);
  cluster_.runFor(1ms);
  EXPECT_EQ(statusOf(gaveUp), Status::Timeout);
}

TEST_F(Reads, ARefusalOfTheConsensusIsToldToAllWithItsReason) {
  const Read one = read(), two = read();
  cluster_.runFor(1ms);
  consensus().host.fail(barriers().at(0), CK_UNAVAILABLE, "the log is being read");
  cluster_.runFor(1ms);
  for (const Read& each : {one, two}) {
    ASSERT_EQ(statusOf(each), Status::Unavailable);
    EXPECT_EQ((*each)->failure().text, "the log is being read");
  }
}

TEST_F(Reads, AConsensusThatGivesUpWithoutAReasonHasFoundNoQuorum) {
  const Read one = read();
  cluster_.runFor(1ms);
  consensus().host.complete(barriers().at(0), CK_UNAVAILABLE);
  cluster_.runFor(1ms);
  ASSERT_EQ(statusOf(one), Status::Timeout);
  EXPECT_EQ((*one)->failure().text, "no quorum confirmed the read in time");
}

// Its reader may ask anew from inside the answer.
TEST_F(Reads, AnAnswerMayAskForTheNext) {
  Coordinator& coordinator = cluster_.node(1).coordinator;
  const MonotonicTime deadline = cluster_.node(1).loop.now() + 1s;
  bool second = false;
  coordinator.readBarrier(deadline, [&](const Result<LogIndex>&) {
    coordinator.readBarrier(deadline, [&](const Result<LogIndex>& result) { second = result.ok(); });
  });
  cluster_.runFor(1ms);
  consensus().host.complete(barriers().at(0), CK_OK, 7);
  cluster_.runFor(1ms);
  ASSERT_EQ(barriers().size(), 2U);
  consensus().host.complete(barriers()[1], CK_OK, 7);
  cluster_.runFor(1ms);
  EXPECT_TRUE(second);
}

}  // namespace
}  // namespace clusterkit::test
