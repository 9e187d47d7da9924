#include "cluster/forward_intake.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace clusterkit {
namespace {

using Verdict = ForwardIntake::Verdict;

class Intake : public testing::Test {
 protected:
  Intake() { intake_.onRole(Role::Leader, Epoch(3)); }
  Verdict judge(std::uint64_t number, std::uint64_t boot = 1, std::uint64_t epoch = 3,
                std::uint64_t from = 9) {
    return intake_.judge({MemberId(from), boot, number, Epoch(epoch)});
  }
  ForwardIntake intake_;
};

TEST_F(Intake, AnAttemptIsTakenOnce) {
  EXPECT_EQ(judge(1), Verdict::Take);
  EXPECT_EQ(judge(1), Verdict::Repeated);
  EXPECT_EQ(judge(2), Verdict::Take);
  EXPECT_EQ(judge(1), Verdict::Repeated);
  EXPECT_EQ(judge(1, 1, 3, 8), Verdict::Take) << "of another member";
}

TEST_F(Intake, AttemptsMayOvertakeEachOtherWithinTheWindow) {
  EXPECT_EQ(judge(ForwardIntake::kWindow), Verdict::Take);
  EXPECT_EQ(judge(1), Verdict::Take);
  EXPECT_EQ(judge(ForwardIntake::kWindow + 1), Verdict::Take);
  EXPECT_EQ(judge(1), Verdict::Unsure) << "too old to be remembered";
  EXPECT_EQ(judge(2), Verdict::Take);
  EXPECT_EQ(judge(2), Verdict::Repeated);
  EXPECT_EQ(judge(1'000'000), Verdict::Take);
  EXPECT_EQ(judge(1'000'000 - ForwardIntake::kWindow + 1), Verdict::Take);
}

TEST_F(Intake, ARestartedSenderBeginsAnewAndItsFormerRunIsOver) {
  EXPECT_EQ(judge(5, 1), Verdict::Take);
  EXPECT_EQ(judge(1, 2), Verdict::Take);
  EXPECT_EQ(judge(6, 1), Verdict::Repeated);
  EXPECT_EQ(judge(5, 2), Verdict::Take);
}

TEST_F(Intake, WhatIsMeantForAnotherTermOfOfficeIsNotTaken) {
  intake_.onRole(Role::Follower, Epoch(4));
  EXPECT_EQ(judge(1, 1, 4), Verdict::NotTaken);
  intake_.onRole(Role::Leader, Epoch(5));
  EXPECT_EQ(judge(2, 1, 4), Verdict::NotTaken);
  EXPECT_EQ(judge(2, 1, 4), Verdict::Repeated) << "once refused, never taken";
  EXPECT_EQ(judge(3, 1, 5), Verdict::Take);
}

TEST_F(Intake, ARestartedReceiverDoesNotSpeakForItsFormerRun) {
  ForwardIntake restarted;
  EXPECT_EQ(restarted.judge({MemberId(9), 1, 1, Epoch(3)}), Verdict::Unsure) << "heard of no epoch yet";
  restarted.onRole(Role::Follower, Epoch(3));
  EXPECT_EQ(restarted.judge({MemberId(9), 1, 2, Epoch(3)}), Verdict::Unsure) << "it may have led then";
  EXPECT_EQ(restarted.judge({MemberId(9), 1, 3, Epoch(4)}), Verdict::NotTaken);
  ForwardIntake leads;
  leads.onRole(Role::Leader, Epoch(3));
  leads.onRole(Role::Follower, Epoch(4));
  EXPECT_EQ(leads.judge({MemberId(9), 1, 1, Epoch(3)}), Verdict::NotTaken) << "it led then itself";
  EXPECT_EQ(leads.judge({MemberId(9), 1, 2, Epoch(2)}), Verdict::Unsure);
}

TEST_F(Intake, AStoppedNodeTakesNothing) {
  intake_.onRole(Role::Leader, Epoch(4));
  intake_.stop();
  EXPECT_EQ(judge(1, 1, 4), Verdict::NotTaken);
}

TEST_F(Intake, SendersAreBounded) {
  for (std::uint64_t from = 1; from <= ForwardIntake::kMaxSenders; ++from)
    ASSERT_EQ(judge(1, 1, 3, from), Verdict::Take);
  EXPECT_EQ(judge(1, 1, 3, 1'000'000), Verdict::Unsure);
  EXPECT_EQ(judge(2, 1, 3, 7), Verdict::Take) << "those that are known go on";
}

// Any order, any repetition, any restart: nothing is taken twice.
TEST_F(Intake, NothingIsTakenTwiceWhateverComes) {
  std::mt19937 random(7);
  std::set<std::pair<std::uint64_t, std::uint64_t>> taken;
  std::uint64_t newest = 1;
  for (int i = 0; i < 200'000; ++i) {
    newest += random() % 3;
    const std::uint64_t boot =
        1 + static_cast<std::uint64_t>(i) / 50'000 - (random() % 4 == 0 && i >= 50'000);
    const std::uint64_t number = newest > 3000 ? newest - random() % 3000 : newest;
    if (judge(number, boot) == Verdict::Take) {
      ASSERT_TRUE(taken.emplace(boot, number).second) << boot << " " << number;
    }
  }
  EXPECT_GT(taken.size(), 10'000U);
}

}  // namespace
}  // namespace clusterkit
