#include "sequence_window.hpp"

#include <gtest/gtest.h>

namespace clusterkit::zmq {
namespace {

TEST(SequenceWindow, CountsWhatIsMissing) {
  SequenceWindow window;
  EXPECT_EQ(window.note(1, 1).lost, 0u);
  EXPECT_EQ(window.note(1, 2).lost, 0u);
  EXPECT_EQ(window.note(1, 6).lost, 3u);
}

TEST(SequenceWindow, DropsDuplicatesAndWhatComesLate) {
  SequenceWindow window;
  EXPECT_TRUE(window.note(1, 5).fresh);
  EXPECT_FALSE(window.note(1, 5).fresh);
  EXPECT_FALSE(window.note(1, 4).fresh);
  EXPECT_TRUE(window.note(1, 6).fresh);
}

TEST(SequenceWindow, WhatCameBeforeTheFirstMessageIsNoLoss) {
  SequenceWindow window;
  EXPECT_EQ(window.note(1, 1000).lost, 0u);
}

TEST(SequenceWindow, ANewIncarnationStartsAnew) {
  SequenceWindow window;
  window.note(1, 900);
  EXPECT_FALSE(window.knows(2));
  EXPECT_TRUE(window.note(2, 1).fresh);
  EXPECT_TRUE(window.knows(2));
  EXPECT_TRUE(window.note(1, 901).fresh) << "last words of the old process";
}

TEST(SequenceWindow, FloodsOfIncarnationsNeverMuteALiveSender) {
  SequenceWindow window;
  window.note(1, 1);
  for (std::uint64_t n = 0; n < 1000; ++n) {
    window.note(100 + n, UINT64_MAX);
    EXPECT_TRUE(window.note(1, n + 2).fresh);
  }
}

TEST(SequenceWindow, ZeroIsANumberLikeAnyOther) {
  SequenceWindow window;
  EXPECT_FALSE(window.knows(0));
  EXPECT_TRUE(window.note(0, 0).fresh);
  EXPECT_FALSE(window.note(0, 0).fresh);
}

}  // namespace
}  // namespace clusterkit::zmq
