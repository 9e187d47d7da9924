#include "events/delivery_schedule.hpp"

#include <random>

#include "journal_fixture.hpp"

namespace clusterkit {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::History;
using test::seqsOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kAll = 1000;
const MonotonicTime kNow{hours(1)};

DeliveryRules rules(std::uint32_t concurrency, std::uint32_t maxAttempts = 0) {
  DeliveryRules out;
  out.concurrency = concurrency;
  out.maxAttempts = maxAttempts;
  return out;
}

TEST(DeliverySchedule, OneAtATimeInTheOrderOfTheLog) {
  History history;
  for (int i = 0; i < 3; ++i) history.value("k");
  DeliverySchedule schedule(rules(1));
  const auto first = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(first), ElementsAre(1));
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty()) << "the first one is not answered yet";
  EXPECT_EQ(schedule.delivered(), EventSeq(0));
  EXPECT_TRUE(schedule.finish(first[0].id));
  EXPECT_EQ(schedule.delivered(), EventSeq(1));
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(2));
}

TEST(DeliverySchedule, WhatFailsIsTriedAgainAtItsPlaceWithGrowingPauses) {
  History history;
  history.value("a");
  history.value("b");
  DeliverySchedule schedule(rules(1));
  MonotonicTime now = kNow;
  std::vector<Duration> pauses;
  for (int attempt = 1; attempt <= 9; ++attempt) {
    const auto given = schedule.next(history.state, now, kAll);
    ASSERT_THAT(seqsOf(given), ElementsAre(1)) << "attempt " << attempt;
    EXPECT_EQ(given[0].attempt, static_cast<std::uint32_t>(attempt));
    EXPECT_EQ(schedule.fail(given[0].id, now, {}), DeliverySchedule::Fate::Retried);
    EXPECT_THAT(schedule.next(history.state, now, kAll), IsEmpty());
    pauses.push_back(schedule.nextWake() - now);
    now = schedule.nextWake();
  }
  EXPECT_THAT(pauses, ElementsAre(seconds(1), seconds(2), seconds(4), seconds(8), seconds(16), seconds(32),
                                  minutes(1), minutes(1), minutes(1)));
}

TEST(DeliverySchedule, ALongerWishOfTheSinkIsHeeded) {
  History history;
  history.value("a");
  DeliverySchedule schedule(rules(1));
  const auto given = schedule.next(history.state, kNow, kAll);
  schedule.fail(given[0].id, kNow, minutes(5));
  EXPECT_EQ(schedule.nextWake(), kNow + minutes(5));
}

TEST(DeliverySchedule, AfterItsLastAttemptAnEventIsGivenUpAndHoldsItsPlaceUntilItIsBuried) {
  History history;
  history.value("a");
  history.value("b");
  DeliverySchedule schedule(rules(1, 2));
  schedule.fail(schedule.next(history.state, kNow, kAll)[0].id, kNow, {});
  const auto second = schedule.next(history.state, kNow + seconds(1), kAll);
  EXPECT_EQ(schedule.fail(second[0].id, kNow, {}), DeliverySchedule::Fate::GivenUp);
  EXPECT_THAT(schedule.next(history.state, kNow + hours(1), kAll), IsEmpty());
  EXPECT_TRUE(schedule.finish(second[0].id));
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(2));
}

TEST(DeliverySchedule, ConcurrentDeliveriesKeepTheOrderOfEachPartitionAndOfTheClustersOwnEvents) {
  History history;
  history.leader();      // 1
  history.partition(7);  // 2
  history.partition(8);  // 3
  history.partition(7);  // 4
  history.leader();      // 5
  history.partition(9);  // 6
  DeliverySchedule schedule(rules(4));
  const auto begun = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(begun), ElementsAre(1, 2, 3, 6));
  schedule.finish(begun[3].id);
  EXPECT_EQ(schedule.delivered(), EventSeq(0));
  EXPECT_THAT(schedule.cursor().above, ElementsAre(EventSeq(6)));
  schedule.fail(begun[1].id, kNow, {});
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty()) << "4 waits for 2, 5 for 1";
  schedule.finish(begun[0].id);
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(5));
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow + seconds(1), kAll)), ElementsAre(2));
}

TEST(DeliverySchedule, ARestartRepeatsOnlyWhatWasNotDone) {
  History history;
  for (std::uint32_t p = 1; p <= 5; ++p) history.partition(p);
  DeliverySchedule before(rules(5));
  const auto begun = before.next(history.state, kNow, kAll);
  for (const std::size_t i : {0, 2, 4}) before.finish(begun[i].id);
  const auto kept = decodeCursor(encodeCursor(before.cursor()));
  ASSERT_TRUE(kept);
  DeliverySchedule after(rules(5), *kept);
  EXPECT_THAT(seqsOf(after.next(history.state, kNow, kAll)), ElementsAre(2, 4));
}

// Found by the simulation (seed 1998): the sink seemed to lag until the next event.
TEST(DeliverySchedule, AfterARestartTheCursorPassesWhatWasDoneWhenTheFilterHoldsBackTheRest) {
  History history;
  for (int i = 0; i < 3; ++i) history.value("k");
  DeliveryRules narrower = rules(2);
  narrower.types = {"node_join"};
  DeliverySchedule schedule(narrower, {EventSeq(0), {EventSeq(2)}, false, 0});
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty());
  EXPECT_EQ(schedule.delivered(), EventSeq(3));

  DeliverySchedule same(rules(2), {EventSeq(0), {EventSeq(1), EventSeq(2), EventSeq(3)}, false, 0});
  EXPECT_THAT(same.next(history.state, kNow, kAll), IsEmpty());
  EXPECT_EQ(same.delivered(), EventSeq(3));
  EXPECT_THAT(same.cursor().above, IsEmpty());
}

TEST(DeliverySchedule, FewerAtOnceThanBeforeARestartDoNotStandStillBehindWhatWasDone) {
  History history;
  for (int i = 0; i < 6; ++i) history.value("k");
  DeliverySchedule schedule(rules(1), {EventSeq(0), {EventSeq(2), EventSeq(3), EventSeq(5)}, false, 0});
  const auto first = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(first), ElementsAre(1));
  schedule.finish(first[0].id);
  const auto second = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(second), ElementsAre(4));
  schedule.finish(second[0].id);
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(6));
}

TEST(DeliverySchedule, TheFilterHoldsBackOthersAndTheCursorPassesThem) {
  History history;
  history.value("a");
  history.leader();
  history.value("b");
  DeliveryRules only = rules(1);
  only.types = {"leader_change"};
  DeliverySchedule schedule(only);
  const auto given = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(given), ElementsAre(2));
  schedule.finish(given[0].id);
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty());
  EXPECT_EQ(schedule.delivered(), EventSeq(3));
}

TEST(DeliverySchedule, AFilterThatBecameNarrowerLeavesACursorThatCanBeRead) {
  History history;
  for (int i = 0; i < 20; ++i) history.value("k");
  DeliveryRules only = rules(4);
  only.types = {"leader_change"};
  DeliverySchedule schedule(only, {EventSeq(10), {EventSeq(12)}, false, 0});
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty());
  EXPECT_TRUE(decodeCursor(encodeCursor(schedule.cursor())));
  EXPECT_EQ(schedule.delivered(), EventSeq(20));
}

TEST(DeliverySchedule, WhatTheHistoryHasLostIsOneGapInItsPlaceEvenForAFilteredSink) {
  History history(3);
  for (int i = 0; i < 10; ++i) history.value("k");
  DeliveryRules only = rules(1);
  only.types = {"value_change"};
  DeliverySchedule schedule(only, {EventSeq(2), {}, false, 0});
  const auto gap = schedule.next(history.state, kNow, kAll);
  ASSERT_THAT(seqsOf(gap), ElementsAre(7));
  const auto* body = std::get_if<Gap>(&gap[0].event->body);
  ASSERT_NE(body, nullptr);
  EXPECT_EQ(body->from, EventSeq(3));
  EXPECT_EQ(body->to, EventSeq(7));
  EXPECT_EQ(schedule.delivered(), EventSeq(2)) << "the gap itself must be acknowledged";
  schedule.finish(gap[0].id);
  EXPECT_EQ(schedule.delivered(), EventSeq(7));
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(8));
}

TEST(DeliverySchedule, AnEventUnderWayOutlivesTheHistory) {
  History history(3);
  history.value("first");
  DeliverySchedule schedule(rules(1));
  const auto given = schedule.next(history.state, kNow, kAll);
  for (int i = 0; i < 10; ++i) history.value("k");
  schedule.fail(given[0].id, kNow, {});
  const auto again = schedule.next(history.state, kNow + seconds(1), kAll);
  ASSERT_THAT(seqsOf(again), ElementsAre(1));
  EXPECT_EQ(eventSubject(again[0].event->body), "first");
}

TEST(DeliverySchedule, AReplayWaitsForWhatIsUnderWayAndThenRepeats) {
  History history;
  for (int i = 0; i < 5; ++i) history.value("k");
  DeliverySchedule schedule(rules(1), {EventSeq(3), {}, false, 0});
  const auto four = schedule.next(history.state, kNow, kAll);
  schedule.moveTo({EventSeq(1), {}, false, 0});
  EXPECT_THAT(schedule.next(history.state, kNow, kAll), IsEmpty());
  EXPECT_FALSE(schedule.finish(four[0].id)) << "it counts for nothing";
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(2));
}

TEST(DeliverySchedule, AResultThatNobodyWaitsForChangesNothing) {
  History history;
  history.value("a");
  DeliverySchedule schedule(rules(1));
  EXPECT_FALSE(schedule.finish(DeliveryId(99)));
  schedule.retry(DeliveryId(99), kNow, {});
  EXPECT_THAT(seqsOf(schedule.next(history.state, kNow, kAll)), ElementsAre(1));
}

// Whatever the sink does: nothing is lost, nothing done is repeated, lanes keep their order, memory is
// bounded.
TEST(DeliverySchedule, RandomSinksGetEveryEventInTheOrderOfItsLane) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    History history;
    const auto concurrency = static_cast<std::uint32_t>(1 + below(6));
    DeliverySchedule schedule(rules(concurrency));
    MonotonicTime now = kNow;
    std::vector<Delivery> underWay;
    std::map<std::string, std::uint64_t> lastOfLane;
    std::set<std::uint64_t> finished;
    std::uint64_t total = 0;
    for (int step = 0; step < 400; ++step) {
      if (step < 150) {
        history.partition(static_cast<std::uint32_t>(below(5)));
        if (below(4) == 0) history.leader();
        total = history.state.nextEvent.value - 1;
      }
      for (Delivery& d : schedule.next(history.state, now, kAll)) underWay.push_back(std::move(d));
      ASSERT_LE(underWay.size(), concurrency) << "seed " << seed;
      if (!underWay.empty() && below(3) != 0) {
        const std::size_t at = below(underWay.size());
        const Delivery d = underWay[at];
        underWay.erase(underWay.begin() + static_cast<std::ptrdiff_t>(at));
        if (step < 300 && below(3) == 0) {
          schedule.fail(d.id, now, {});
        } else {
          ASSERT_TRUE(schedule.finish(d.id));
          ASSERT_TRUE(finished.insert(d.event->seq.value).second) << "seed " << seed << ": done twice";
          auto& last = lastOfLane[concurrency == 1 ? "" : eventSubject(d.event->body)];
          ASSERT_LT(last, d.event->seq.value) << "seed " << seed << ": out of order";
          last = d.event->seq.value;
        }
      }
      if (below(5) == 0) now += milliseconds(700);
      if (below(40) == 0) {  // a crash: what is under way is forgotten
        schedule = DeliverySchedule(rules(concurrency), schedule.cursor());
        underWay.clear();
      }
    }
    for (int step = 0; step < 5000 && schedule.delivered().value < total; ++step) {
      for (Delivery& d : schedule.next(history.state, now += minutes(2), kAll))
        underWay.push_back(std::move(d));
      for (const Delivery& d : underWay) {
        schedule.finish(d.id);
        finished.insert(d.event->seq.value);
      }
      underWay.clear();
    }
    ASSERT_EQ(finished.size(), total) << "seed " << seed;
  }
}

TEST(SinkCursor, IsReadableTextAndNothingElseIsTakenForOne) {
  const SinkCursor cursor{EventSeq(42), {EventSeq(44), EventSeq(45)}, true, 3};
  EXPECT_EQ(encodeCursor(cursor), "1 42 paused 3 44,45");
  EXPECT_EQ(decodeCursor("1 42 paused 3 44,45"), cursor);
  EXPECT_EQ(decodeCursor("1 0 running 0"), SinkCursor());
  for (const char* bad :
       {"", "2 42 running 0", "1", "1 x running 0", "1 42 walking 0", "1 42 running", "1 42 running 0 41",
        "1 42 running 0 44,44", "1 42 running 0 44,", "1 99999999999999999999 running 0"})
    EXPECT_FALSE(decodeCursor(bad)) << bad;
}

}  // namespace
}  // namespace clusterkit
