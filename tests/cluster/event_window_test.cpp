// The window of events against a plain deque, and what its copies promise.
#include "cluster/event_window.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <stdexcept>
#include <thread>

namespace clusterkit {
namespace {

EventWindow::Event eventAt(std::uint64_t seq) {
  auto event = std::make_shared<ClusterEvent>();
  event->seq = EventSeq(seq);
  return event;
}

void append(EventWindow& window, std::uint64_t seq, const std::string& text = "record") {
  window.append(eventAt(seq), text + std::to_string(seq));
}

EventWindow windowOf(std::uint64_t first, std::uint64_t last, HashSeed seed = HashSeed{7}) {
  EventWindow window(seed);
  for (std::uint64_t seq = first; seq <= last; ++seq) append(window, seq);
  return window;
}

void expectRun(const EventWindow& window, std::uint64_t first, std::uint64_t last,
               const std::string& text = "record") {
  ASSERT_EQ(window.size(), last - first + 1);
  EXPECT_EQ((*window.oldest())->seq, EventSeq(first));
  EXPECT_EQ((*window.newest())->seq, EventSeq(last));
  for (std::uint64_t seq = first; seq <= last; ++seq) {
    ASSERT_NE(window.find(EventSeq(seq)), nullptr);
    EXPECT_EQ((*window.find(EventSeq(seq)))->seq, EventSeq(seq));
    EXPECT_EQ(window.recordOf(EventSeq(seq)), text + std::to_string(seq));
  }
  EXPECT_EQ(window.find(EventSeq(first - 1)), nullptr);
  EXPECT_EQ(window.find(EventSeq(last + 1)), nullptr);
}

TEST(EventWindow, HoldsWhatADequeHoldsWhileBothSlide) {
  std::mt19937 random(3);
  EventWindow window(HashSeed{1});
  std::deque<std::uint64_t> model;
  std::uint64_t next = 100;
  for (int step = 0; step < 20'000; ++step) {
    if (model.empty() || random() % 100 < 52) {
      append(window, next);
      model.push_back(next++);
    } else {
      window.dropOldest();
      model.pop_front();
    }
    ASSERT_EQ(window.size(), model.size());
    if (model.empty()) continue;
    ASSERT_EQ((*window.oldest())->seq.value, model.front());
    ASSERT_EQ((*window.newest())->seq.value, model.back());
    const std::uint64_t probe = model[random() % model.size()];
    ASSERT_EQ((*window.find(EventSeq(probe)))->seq.value, probe);
  }
  expectRun(window, model.front(), model.back());
}

TEST(EventWindow, EmptyHasNothingAndTakesAnyNumberFirst) {
  EventWindow window;
  EXPECT_EQ(window.oldest(), nullptr);
  EXPECT_EQ(window.newest(), nullptr);
  EXPECT_EQ(window.find(EventSeq(0)), nullptr);
  EXPECT_EQ(window.hash(), 0u);
  append(window, 77);
  window.dropOldest();
  EXPECT_EQ(window.newest(), nullptr);
  EXPECT_EQ(window.hash(), 0u);
  append(window, 5000);
  expectRun(window, 5000, 5000);
}

TEST(EventWindow, RefusesAHole) {
  EventWindow window = windowOf(1, 3);
  EXPECT_THROW(append(window, 5), std::logic_error);
  EXPECT_THROW(append(window, 3), std::logic_error);
  expectRun(window, 1, 3);
}

TEST(EventWindow, ACopyStaysWhatItWasWhenTheOriginalGoesOn) {
  for (const std::uint64_t size : {1u, 255u, 256u, 257u, 1000u}) {
    EventWindow window = windowOf(1, size);
    const EventWindow before = window;
    const std::uint64_t hash = window.hash();
    append(window, size + 1);
    window.dropOldest();
    expectRun(before, 1, size);
    EXPECT_EQ(before.hash(), hash);
    expectRun(window, 2, size + 1);
  }
}

// Two states made from one, as after a leader's proposal that another overtakes in a test: neither sees the
// other's events.
TEST(EventWindow, TwoContinuationsOfOneWindowDoNotMix) {
  for (const std::uint64_t size : {1u, 100u, 255u, 256u}) {
    const EventWindow base = windowOf(1, size, HashSeed{9});
    EventWindow one = base, two = base;
    for (std::uint64_t seq = size + 1; seq <= size + 300; ++seq) {
      append(one, seq, "one");
      append(two, seq, "two");
    }
    for (std::uint64_t seq = size + 1; seq <= size + 300; ++seq) {
      ASSERT_EQ(one.recordOf(EventSeq(seq)), "one" + std::to_string(seq));
      ASSERT_EQ(two.recordOf(EventSeq(seq)), "two" + std::to_string(seq));
    }
    EXPECT_NE(one.hash(), two.hash());
    expectRun(base, 1, size);
  }
}

TEST(EventWindow, TheHashTellsContentAndForgetsHistory) {
  EventWindow slid = windowOf(1, 900);
  for (int i = 0; i < 500; ++i) slid.dropOldest();
  EXPECT_EQ(slid.hash(), windowOf(501, 900).hash());
  EXPECT_NE(slid.hash(), windowOf(500, 900).hash());
  EXPECT_NE(slid.hash(), windowOf(501, 900, HashSeed{8}).hash());
  EventWindow other = windowOf(501, 899);
  append(other, 900, "other");
  EXPECT_NE(slid.hash(), other.hash());
}

// What the snapshot's thread does while the node loop goes on; for the thread sanitizer.
TEST(EventWindow, ACopyIsReadOnAnotherThreadWhileTheOriginalGrows) {
  EventWindow window = windowOf(1, 100);
  const EventWindow copy = window;
  std::thread reader([&copy] { expectRun(copy, 1, 100); });
  for (std::uint64_t seq = 101; seq <= 2000; ++seq) {
    append(window, seq);
    window.dropOldest();
  }
  reader.join();
  expectRun(window, 1901, 2000);
}

TEST(EventWindow, ADroppedRunOfEventsIsFreed) {
  EventWindow window = windowOf(1, 600);
  const std::weak_ptr<const ClusterEvent> early = *window.find(EventSeq(10));
  for (int i = 0; i < 255; ++i) window.dropOldest();
  EXPECT_FALSE(early.expired());
  window.dropOldest();
  EXPECT_TRUE(early.expired());
}

}  // namespace
}  // namespace clusterkit
