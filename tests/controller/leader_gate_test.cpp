// What only the leader can do, asked for from anywhere: done once, answered once, also by a node that stops.
#include "controller/leader_gate.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cluster/scripted_cluster.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using Answer = std::optional<Result<proto::DutyResult>>;

// Keeps what it is to carry out until the test answers.
struct SlowHandler final : DutyHandler {
  void handle(const proto::Duty&, MonotonicTime, DutyAnswer answer) override {
    handled.push_back(std::move(answer));
  }
  std::vector<DutyAnswer> handled;
};

class Gate : public testing::Test {
 protected:
  struct Side {
    explicit Side(ScriptedNode& on) : node(on), gate(on.loop, on.coordinator, handler) {}
    ScriptedNode& node;
    SlowHandler handler;
    LeaderGate gate;
  };

  void SetUp() override {
    for (const std::uint64_t member : {1, 2, 3})
      sides_[member] = std::make_unique<Side>(cluster_.start(member));
    cluster_.found();
  }

  std::shared_ptr<Answer> ask(std::uint64_t member, Duration limit = 10s) {
    auto answer = std::make_shared<Answer>();
    proto::Duty duty;
    duty.mutable_preview();
    Side& side = *sides_.at(member);
    side.gate.ask(std::move(duty), side.node.loop.now() + limit, [answer](Result<proto::DutyResult> result) {
      EXPECT_FALSE(*answer) << "answered twice";
      answer->emplace(std::move(result));
    });
    return answer;
  }
  Status failureOf(const std::shared_ptr<Answer>& answer) {
    if (!cluster_.runUntil([&] { return answer->has_value(); })) ADD_FAILURE() << "never answered";
    return *answer && !**answer ? (*answer)->failure().status : Status::Ok;
  }
  std::vector<DutyAnswer>& handledAt(std::uint64_t member) { return sides_.at(member)->handler.handled; }
  static proto::DutyResult at(std::uint64_t index) {
    proto::DutyResult result;
    result.set_index(index);
    return result;
  }

  ScriptedCluster cluster_;
  std::map<std::uint64_t, std::unique_ptr<Side>> sides_;
};

TEST_F(Gate, ARequestThatComesTwiceIsCarriedOutOnce) {
  cluster_.faults = [](const CarriedMessage&) { return 2; };
  const auto answer = ask(2);
  cluster_.runFor(20ms);
  ASSERT_EQ(handledAt(1).size(), 1U);
  handledAt(1)[0](at(7));
  EXPECT_EQ(failureOf(answer), Status::Ok);
  EXPECT_EQ((*answer)->value().index(), 7U);
}

TEST_F(Gate, WhatAPassedLeaderWasAskedIsUnknownAndNotAskedOfTheNextOne) {
  const auto answer = ask(2);
  cluster_.runFor(20ms);
  ASSERT_EQ(handledAt(1).size(), 1U);
  cluster_.lead(3, 2);
  EXPECT_EQ(failureOf(answer), Status::Unknown);
  handledAt(1)[0](at(7));  // too late
  cluster_.runFor(1s);
  EXPECT_TRUE(handledAt(3).empty()) << "it may have been done already";
}

TEST_F(Gate, AnAnswerToAnEarlierAttemptSaysNothingAboutThisOne) {
  const auto answer = ask(2);
  cluster_.runFor(20ms);
  ASSERT_EQ(handledAt(1).size(), 1U);
  handledAt(1)[0](Failure{Status::Unavailable, "just elected"});  // definite: it is asked again
  cluster_.runFor(5ms);
  const auto refusal = *std::find_if(cluster_.carried.rbegin(), cluster_.carried.rend(),
                                     [](const CarriedMessage& m) { return m.to == MemberId(2); });
  cluster_.runFor(50ms);
  ASSERT_EQ(handledAt(1).size(), 2U);
  cluster_.deliver(refusal);
  cluster_.runFor(100ms);
  EXPECT_EQ(handledAt(1).size(), 2U) << "it may be carried out now, so it is not asked for again";
  handledAt(1)[1](at(8));
  EXPECT_EQ(failureOf(answer), Status::Ok);
}

TEST_F(Gate, AnAnswerToAnEarlierRunSaysNothingToThisOne) {
  cluster_.faults = [](const CarriedMessage& message) { return message.to == MemberId(2) ? 0 : 1; };
  ask(2);
  cluster_.runFor(20ms);
  ASSERT_EQ(handledAt(1).size(), 1U);
  handledAt(1)[0](at(7));
  cluster_.runFor(5ms);
  ASSERT_FALSE(cluster_.carried.empty());
  const CarriedMessage late = cluster_.carried.back();
  cluster_.faults = [](const CarriedMessage&) { return 1; };

  sides_.erase(2);
  sides_[2] = std::make_unique<Side>(cluster_.start(2, 2));
  cluster_.lead(1, 1, 2);
  const auto answer = ask(2);
  ASSERT_TRUE(cluster_.runUntil([&] { return handledAt(1).size() == 2; }, 1s));
  cluster_.deliver(late);
  cluster_.runFor(20ms);
  EXPECT_FALSE(answer->has_value()) << "it was asked for something else";
  handledAt(1)[1](at(9));
  EXPECT_EQ(failureOf(answer), Status::Ok);
  EXPECT_EQ((*answer)->value().index(), 9U);
}

TEST_F(Gate, WithoutALeaderNothingIsDoneAndTheReasonIsSaid) {
  for (const std::uint64_t member : {1, 2, 3}) cluster_.lead(0, 2, member);
  const auto answer = ask(2);
  EXPECT_EQ(failureOf(answer), Status::NotLeader);
  EXPECT_EQ((*answer)->failure().text, "no leader is known");
}

TEST_F(Gate, AStoppedGateHasAnsweredEverything) {
  const auto asked = ask(2);
  const auto handledHere = ask(1);
  cluster_.lead(0, 1, 3);
  const auto waiting = ask(3);
  cluster_.runFor(20ms);
  ASSERT_EQ(handledAt(1).size(), 2U);
  for (auto& [member, side] : sides_) side->gate.stop();
  ASSERT_TRUE(*asked && *handledHere && *waiting);
  EXPECT_EQ((*asked)->failure().status, Status::Unknown);
  EXPECT_EQ((*handledHere)->failure().status, Status::Unknown);
  EXPECT_EQ((*waiting)->failure().status, Status::Unavailable);
  const auto later = ask(1);
  ASSERT_TRUE(*later) << "at once";
  EXPECT_EQ((*later)->failure().status, Status::Unavailable);
  // What was under way comes to an end later, and finds nobody; nothing new is taken.
  handledAt(1)[0](at(7));
  handledAt(1)[1](at(8));
  cluster_.lead(1, 5);
  cluster_.runFor(2s);
  EXPECT_EQ(handledAt(1).size(), 2U);
}

TEST_F(Gate, AStoppedLeaderRefusesWhatOthersAsk) {
  sides_[1]->gate.stop();
  const auto answer = ask(2);
  EXPECT_EQ(failureOf(answer), Status::NotLeader);
  EXPECT_TRUE(handledAt(1).empty());
}

TEST_F(Gate, AnAnswerThatComesWhenTheGateIsGoneFiresNothing) {
  auto answer = ask(1);
  cluster_.runFor(20ms);
  std::vector<DutyAnswer> late = std::move(handledAt(1));
  ASSERT_EQ(late.size(), 1U);
  sides_[1]->gate.stop();
  sides_.clear();
  late[0](at(7));
  EXPECT_EQ((*answer)->failure().status, Status::Unknown);
}

}  // namespace
}  // namespace clusterkit::test
