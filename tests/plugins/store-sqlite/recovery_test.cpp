#include "recovery.hpp"

#include <gmock/gmock.h>

namespace clusterkit::sqlite {
namespace {

using testing::HasSubstr;

// A store whose last transaction, number 20, appended entries up to 10 of term 3.
Evidence wholeStore() {
  Evidence e;
  for (std::uint64_t i = 1; i <= 10; ++i) e.shape.append(i, 3);
  e.highestSeen = 10;
  e.control.hard = {3, 1, 8};
  e.control.step = 15;
  e.control.lastIndex = 6;
  e.lastStep = 20;
  e.mark = Mark{20, 10, 3, {3, 1, 8}, 0};
  return e;
}

TEST(Judgement, WholeStoreIsWhole) {
  const Verdict v = judge(wholeStore());
  EXPECT_FALSE(v.repairing()) << v.missing;
  EXPECT_EQ(v.refusal, "");
  EXPECT_EQ(v.highWater, 10u);
  EXPECT_EQ(v.step, 20u);
}

TEST(Judgement,
     MarkBehindTheDatabaseIsNoLoss) {  // killed between commit and mark, or the mark was not synced
  Evidence e = wholeStore();
  e.mark = Mark{12, 40, 2, {2, 2, 2}, 99};  // a longer log then: truncated since
  const Verdict v = judge(e);
  EXPECT_FALSE(v.repairing()) << v.missing;
  EXPECT_EQ(v.hard.term, 3u);
}

TEST(Judgement, DatabaseBehindTheMarkIsRepairing) {
  Evidence e = wholeStore();
  e.mark = Mark{25, 50, 4, {7, 2, 45}, 0};
  const Verdict v = judge(e);
  EXPECT_THAT(v.missing, HasSubstr("transaction 20"));
  EXPECT_EQ(v.highWater, 50u);
  EXPECT_EQ(v.step, 25u);
  EXPECT_EQ(v.hard.term, 7u) << "the vote of a lost transaction must not be given twice";
  EXPECT_EQ(v.hard.voted_for, 2u);
  EXPECT_EQ(v.hard.commit, 10u) << "a commit beyond the log would look like a broken invariant";
}

TEST(Judgement, LostTruncationIsRepairingUntilANewEntryCame) {
  Evidence e = wholeStore();
  e.mark = Mark{21, 7, 4, {4, 1, 6}, 0};  // entries 7..10 were replaced by one, and that step is lost
  const Verdict v = judge(e);
  EXPECT_TRUE(v.repairing());
  EXPECT_EQ(v.highWater, 11u);
}

TEST(Judgement, ShorterLogAtTheSameStepIsRepairing) {
  Evidence e = wholeStore();
  e.mark = Mark{20, 12, 3, {3, 1, 8}, 0};
  EXPECT_TRUE(judge(e).repairing());
  EXPECT_EQ(judge(e).highWater, 12u);
}

TEST(Judgement, LogShorterThanTheControlRowSaysIsRepairing) {
  Evidence e = wholeStore();
  e.mark = Mark{2, 1, 1, {}, 0};
  e.control.step = 20;
  e.control.lastIndex = 12;
  EXPECT_TRUE(judge(e).repairing());
}

TEST(Judgement, DamagedRowIsRepairing) {
  Evidence e = wholeStore();
  e.damagedFrom = 11;
  e.highestSeen = 30;
  const Verdict v = judge(e);
  EXPECT_THAT(v.missing, HasSubstr("log row 11"));
  EXPECT_EQ(v.highWater, 30u);
}

TEST(Judgement, UnreadableMarkIsRepairing) {
  Evidence e = wholeStore();
  e.mark.reset();
  EXPECT_TRUE(judge(e).repairing());
  EXPECT_EQ(judge(e).highWater, 11u);
}

TEST(Judgement, RepairThatHasNotFinishedGoesOn) {
  Evidence e = wholeStore();
  e.control.repairIndex = 11;
  EXPECT_TRUE(judge(e).repairing());
  e.control.repairIndex = 10;
  EXPECT_FALSE(judge(e).repairing());
}

TEST(Judgement, LostNamedValuesAreRefused) {
  Evidence e = wholeStore();
  e.mark = Mark{25, 50, 4, {7, 2, 45}, 1234};
  EXPECT_THAT(judge(e).refusal, HasSubstr("named values"));
}

}  // namespace
}  // namespace clusterkit::sqlite
