#include <gtest/gtest.h>

#include "simulation/dice.hpp"
#include "simulation/linearizability.hpp"

namespace clusterkit::sim {
namespace {

constexpr std::uint64_t open = Operation::kOpen;

Operation read(RegisterValue seen, std::uint64_t from, std::uint64_t to) {
  return {Kind::Read, seen, 0, from, to};
}
Operation write(RegisterValue value, std::uint64_t from, std::uint64_t to) {
  return {Kind::Write, 0, value, from, to};
}
Operation exchange(RegisterValue expected, RegisterValue value, std::uint64_t from, std::uint64_t to) {
  return {Kind::Exchange, expected, value, from, to};
}

TEST(Linearizability, HoldsOfAnEmptyHistoryAndOfReadsOfNothing) {
  EXPECT_EQ(check({}), Linearizability::Holds);
  EXPECT_EQ(check({read(0, 1, 2), read(0, 3, 4)}), Linearizability::Holds);
}

TEST(Linearizability, AReadSeesTheWriteBeforeIt) {
  EXPECT_EQ(check({write(7, 1, 2), read(7, 3, 4)}), Linearizability::Holds);
  EXPECT_EQ(check({write(7, 1, 2), read(0, 3, 4)}), Linearizability::Broken);
}

TEST(Linearizability, AReadDuringAWriteMaySeeEither) {
  EXPECT_EQ(check({write(7, 1, 5), read(0, 2, 3)}), Linearizability::Holds);
  EXPECT_EQ(check({write(7, 1, 5), read(7, 2, 3)}), Linearizability::Holds);
}

TEST(Linearizability, OnceSeenAWriteIsNotTakenBack) {
  EXPECT_EQ(check({write(7, 1, 9), read(7, 2, 3), read(0, 4, 5)}), Linearizability::Broken);
}

TEST(Linearizability, AStaleReadAfterTheNextWriteIsFound) {
  EXPECT_EQ(check({write(1, 1, 2), write(2, 3, 4), read(1, 5, 6)}), Linearizability::Broken);
}

TEST(Linearizability, TwoReadersMustAgreeOnTheOrderOfConcurrentWrites) {
  EXPECT_EQ(check({write(1, 1, 9), write(2, 1, 9), read(1, 2, 3), read(2, 4, 5)}), Linearizability::Holds);
  EXPECT_EQ(check({write(1, 1, 9), write(2, 1, 9), read(1, 2, 3), read(2, 4, 5), read(1, 6, 7)}),
            Linearizability::Broken);
}

TEST(Linearizability, AnUnansweredWriteMayHaveHappenedOrNot) {
  EXPECT_EQ(check({write(7, 1, open), read(0, 2, 3)}), Linearizability::Holds);
  EXPECT_EQ(check({write(7, 1, open), read(0, 2, 3), read(7, 4, 5)}), Linearizability::Holds);
  EXPECT_EQ(check({write(7, 1, open), read(7, 2, 3), read(0, 4, 5)}), Linearizability::Broken);
}

TEST(Linearizability, AWriteIsNotSeenBeforeItWasAsked) {
  EXPECT_EQ(check({read(7, 1, 2), write(7, 3, 4)}), Linearizability::Broken);
  EXPECT_EQ(check({read(7, 1, 2), write(7, 3, open)}), Linearizability::Broken);
}

TEST(Linearizability, AnExchangeNeedsWhatItExpects) {
  EXPECT_EQ(check({write(1, 1, 2), exchange(1, 2, 3, 4), read(2, 5, 6)}), Linearizability::Holds);
  EXPECT_EQ(check({write(1, 1, 2), exchange(1, 2, 3, 8), exchange(1, 3, 3, 8)}), Linearizability::Broken);
}

TEST(Linearizability, AWriteThatIsAppliedTwiceIsFound) {
  EXPECT_EQ(check({write(1, 1, 9), write(2, 3, 4), read(1, 2, 2), read(2, 5, 5), read(1, 6, 6)}),
            Linearizability::Broken);
}

// Operations on a real register, whose moments are drawn, are always linearizable; a value that is put into
// one read afterwards almost never is.
TEST(Linearizability, RandomHistoriesOfARealRegisterHoldAndTamperedOnesDoNot) {
  Dice dice(11);
  std::size_t found = 0;
  for (int round = 0; round < 200; ++round) {
    History history;
    RegisterValue value = 0;
    for (std::uint64_t i = 1; i <= 60; ++i) {
      const std::uint64_t moment = 100 * i, before = dice.below(250), after = dice.below(250);
      Operation op = write(i, moment - std::min(moment, before), moment + after);
      if (dice.oneIn(2)) {
        op = read(value, op.invoked, op.returned);
      } else {
        value = i;
        if (dice.oneIn(10)) op.returned = open;
      }
      history.push_back(op);
    }
    ASSERT_EQ(check(history), Linearizability::Holds) << round;
    for (auto op = history.rbegin(); op != history.rend(); ++op) {
      if (op->kind != Kind::Read || op->expected < 10) continue;
      op->expected -= 9;
      break;
    }
    found += check(history) == Linearizability::Broken ? 1 : 0;
  }
  EXPECT_GT(found, 190u);
}

}  // namespace
}  // namespace clusterkit::sim
