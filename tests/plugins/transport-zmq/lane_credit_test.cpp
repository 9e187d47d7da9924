#include "lane_credit.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace clusterkit::zmq {
namespace {

TEST(LaneCredit, RefusesAboveTheLimitAndReportsOnceBelowHalf) {
  LaneCredit credit(100);
  EXPECT_TRUE(credit.reserve(60));
  EXPECT_FALSE(credit.reserve(60));
  EXPECT_TRUE(credit.starved());
  EXPECT_FALSE(credit.release(5)) << "55 of 100 is not half empty";
  EXPECT_TRUE(credit.release(10));
  EXPECT_TRUE(credit.takeRefilled());
  EXPECT_FALSE(credit.takeRefilled());
  EXPECT_FALSE(credit.release(10)) << "nobody waits any more";
}

TEST(LaneCredit, TakesOneMessageOfAnySizeWhenHalfEmpty) {
  LaneCredit credit(100);
  EXPECT_TRUE(credit.reserve(50));
  EXPECT_TRUE(credit.reserve(10'000));
  EXPECT_FALSE(credit.reserve(1));
}

TEST(LaneCredit, ReleasingWithoutAWaiterIsSilent) {
  LaneCredit credit(100);
  credit.reserve(90);
  EXPECT_FALSE(credit.release(90));
  EXPECT_FALSE(credit.takeRefilled());
}

TEST(LaneCredit, NoRefillIsLostBetweenTwoThreads) {
  LaneCredit credit(1000);
  constexpr int messages = 5000;
  std::atomic<int> reserved{0};
  std::thread writer([&] {
    int released = 0;
    while (released < messages) {
      if (released == reserved.load()) {
        std::this_thread::yield();
        continue;
      }
      credit.release(400);
      ++released;
    }
  });
  for (int sent = 0; sent < messages;) {
    if (credit.reserve(400)) {
      ++reserved;
      ++sent;
    } else {
      // Only the report may end this wait; if one could be lost, it would never end.
      while (!credit.takeRefilled()) std::this_thread::yield();
    }
  }
  writer.join();
  EXPECT_EQ(credit.used(), 0u);
}

}  // namespace
}  // namespace clusterkit::zmq
