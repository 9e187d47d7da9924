#include "placement/fair_shares.hpp"

#include <gtest/gtest.h>

#include <random>

namespace clusterkit {
namespace {

TEST(FairShares, AreByWeightAndRoundedBothWays) {
  const std::vector<ShareRequest> nodes{{1, 0, 100}, {1, 0, 100}, {2, 0, 100}};
  const auto shares = fairShares(10, nodes);
  EXPECT_EQ(shares[0].low, 2);
  EXPECT_EQ(shares[0].high, 3);
  EXPECT_EQ(shares[2].low, 5);
  EXPECT_EQ(shares[2].high, 5);
}

TEST(FairShares, WhatABoundTakesIsSharedByTheOthers) {
  const std::vector<ShareRequest> nodes{{10, 0, 6}, {1, 0, 6}, {1, 4, 6}, {0, 0, 6}};
  const auto shares = fairShares(12, nodes);
  EXPECT_EQ(shares[0].high, 6);
  EXPECT_EQ(shares[1].low, 2);
  EXPECT_EQ(shares[1].high, 2);
  EXPECT_EQ(shares[2].low, 4);
  EXPECT_EQ(shares[3].high, 0);
}

TEST(FairShares, BoundsThatCannotBeMetGiveTheBounds) {
  const std::vector<ShareRequest> tooFew{{1, 0, 3}, {1, 0, 3}};
  EXPECT_EQ(fairShares(100, tooFew)[1].low, 3);
  const std::vector<ShareRequest> tooMany{{1, 7, 9}, {1, 7, 9}};
  EXPECT_EQ(fairShares(1, tooMany)[0].high, 7);
}

TEST(FairShares, AlwaysLeaveRoomForExactlyTheTotal) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<ShareRequest> nodes(1 + random() % 12);
    std::int64_t floors = 0, caps = 0;
    for (ShareRequest& n : nodes) {
      n.weight = static_cast<std::uint32_t>(1 + random() % (round % 2 ? 10 : 1'000'000'000));
      n.floor = static_cast<std::int64_t>(random() % 50);
      n.cap = n.floor + static_cast<std::int64_t>(random() % 1000);
      floors += n.floor;
      caps += n.cap;
    }
    const auto total =
        floors + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(caps - floors + 1));
    std::int64_t low = 0, high = 0;
    const auto shares = fairShares(total, nodes);
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      EXPECT_GE(shares[n].low, nodes[n].floor);
      EXPECT_LE(shares[n].high, nodes[n].cap);
      EXPECT_LE(shares[n].high - shares[n].low, 1);
      low += shares[n].low;
      high += shares[n].high;
    }
    EXPECT_LE(low, total);
    EXPECT_GE(high, total);
  }
}

}  // namespace
}  // namespace clusterkit
