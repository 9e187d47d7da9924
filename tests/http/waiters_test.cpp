// Who is visited after a signal, and which deadline comes next: the two lists of the HTTP loop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "http/deadlines.hpp"
#include "http/waiters.hpp"

namespace clusterkit::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Waiter {
  int name = 0;
  WaiterSlot slot;
};

class WaitersTest : public testing::Test {
 protected:
  WaitersTest() {
    for (int name = 0; name < 6; ++name) all_.push_back({name, {}});
    for (Waiter& waiter : all_) list_.add(waiter);
  }
  std::vector<int> visit(std::size_t most = 100) {
    std::vector<int> names;
    while (names.size() < most) {
      Waiter* next = list_.next();
      if (next == nullptr) break;
      names.push_back(next->name);
    }
    return names;
  }

  std::deque<Waiter> all_;
  Waiters<Waiter, &Waiter::slot> list_;
};

TEST_F(WaitersTest, NobodyIsVisitedWithoutASignal) {
  EXPECT_FALSE(list_.due());
  EXPECT_THAT(visit(), IsEmpty());
}

TEST_F(WaitersTest, EachIsVisitedOnceAfterASignal) {
  list_.signal();
  EXPECT_TRUE(list_.due());
  EXPECT_THAT(visit(), UnorderedElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(list_.due());
}

TEST_F(WaitersTest, ASignalDuringARoundIsAnotherRoundBehindIt) {
  list_.signal();
  std::vector<int> first = visit(2);
  list_.signal();
  list_.signal();
  const std::vector<int> rest = visit(4);
  first.insert(first.end(), rest.begin(), rest.end());
  EXPECT_THAT(first, UnorderedElementsAre(0, 1, 2, 3, 4, 5))
      << "nobody is visited twice before all were once";
  EXPECT_TRUE(list_.due());
  EXPECT_THAT(visit(), UnorderedElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(list_.due());
}

TEST_F(WaitersTest, WhoLeavesDuringARoundHidesNobody) {
  for (std::size_t leaving = 0; leaving < 6; ++leaving) {
    for (std::size_t visited = 0; visited <= 6; ++visited) {
      list_.signal();
      std::vector<int> names = visit(visited);
      list_.remove(all_[leaving]);
      list_.remove(all_[leaving]);  // once more changes nothing
      for (const int name : visit()) names.push_back(name);
      list_.add(all_[leaving]);
      std::erase(names, static_cast<int>(leaving));
      std::vector<int> others;
      for (int name = 0; name < 6; ++name)
        if (name != static_cast<int>(leaving)) others.push_back(name);
      EXPECT_THAT(names, testing::UnorderedElementsAreArray(others)) << leaving << " left after " << visited;
    }
  }
}

TEST_F(WaitersTest, WhoComesDuringARoundHasLookedAlready) {
  list_.remove(all_[5]);
  list_.signal();
  std::vector<int> names = visit(2);
  list_.add(all_[5]);
  for (const int name : visit()) names.push_back(name);
  EXPECT_THAT(names, UnorderedElementsAre(0, 1, 2, 3, 4));
  list_.signal();
  EXPECT_THAT(visit(), UnorderedElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(DeadlinesTest, TheEarliestComesFirstAndALaterWishWaitsForTheEntryThereIs) {
  const auto at = [](int second) { return MonotonicTime(std::chrono::seconds(second)); };
  Deadlines deadlines;
  Deadlines::Entry one, two;
  EXPECT_EQ(deadlines.earliest(), MonotonicTime::max());
  deadlines.want(1, one, at(10));
  deadlines.want(2, two, at(5));
  deadlines.want(2, two, at(20));
  EXPECT_EQ(deadlines.earliest(), at(5));
  EXPECT_EQ(deadlines.size(), 2U) << "one entry each, however often it is asked for";
  EXPECT_THAT(deadlines.due(at(4), 10), IsEmpty());
  EXPECT_THAT(deadlines.due(at(10), 10), ElementsAre(2, 1));
  EXPECT_THAT(deadlines.due(at(10), 1), ElementsAre(2));
  deadlines.drop(2, two);
  deadlines.want(2, two, at(20));
  deadlines.want(1, one, at(3));
  EXPECT_THAT(deadlines.due(at(100), 10), ElementsAre(1, 2));
  deadlines.drop(1, one);
  deadlines.drop(1, one);
  deadlines.drop(2, two);
  EXPECT_EQ(deadlines.size(), 0U);
}

}  // namespace
}  // namespace clusterkit::http
