// One text per event for all who send it, in bounded memory.
#include "cluster/event_lines.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "cluster/event_json.hpp"

namespace clusterkit {
namespace {

ClusterEvent valueChange(std::uint64_t seq) {
  ClusterEvent event;
  event.seq = EventSeq(seq);
  event.body = ValueChange{"key-" + std::to_string(seq), seq, 1, ValueChange::Kind::Set};
  return event;
}

TEST(EventLines, AllWhoAskGetTheSameLineAndItIsWrittenOnce) {
  EventLines lines;
  const EventLines::Line first = lines.line(valueChange(7));
  EXPECT_EQ(*first, eventJson(valueChange(7)));
  EXPECT_EQ(lines.line(valueChange(7)), first) << "the same object, not the same text";
  EXPECT_EQ(lines.written(), 1U);
}

TEST(EventLines, ThreadsThatAskAtOnceGetOneLine) {
  EventLines lines;
  std::vector<std::set<EventLines::Line>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got)
    threads.emplace_back([&lines, &mine] {
      for (std::uint64_t seq = 1; seq <= 500; ++seq) mine.insert(lines.line(valueChange(seq)));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines.written(), 500U);
  for (const auto& mine : got) EXPECT_EQ(mine, got[0]);
}

TEST(EventLines, ForgetsTheOldestBeyondItsNumberAndWritesItAnewWithTheSameBytes) {
  EventLines lines(eventJson, {.bytes = 1024 * 1024, .count = 3});
  const EventLines::Line first = lines.line(valueChange(1));
  for (std::uint64_t seq = 2; seq <= 4; ++seq) lines.line(valueChange(seq));
  EXPECT_EQ(first.use_count(), 1) << "only this test holds it now";
  const EventLines::Line again = lines.line(valueChange(1));
  EXPECT_NE(again, first);
  EXPECT_EQ(*again, *first);
  EXPECT_EQ(lines.written(), 5U);
}

TEST(EventLines, HoldsNoMoreBytesThanAllowed) {
  const std::size_t one = eventJson(valueChange(1)).size();
  EventLines lines(eventJson, {.bytes = 2 * one, .count = 100});
  const EventLines::Line first = lines.line(valueChange(1));
  const EventLines::Line second = lines.line(valueChange(2));
  EXPECT_EQ(first.use_count(), 2);
  lines.line(valueChange(3));
  EXPECT_EQ(first.use_count(), 1);
  EXPECT_EQ(second.use_count(), 2);
  ClusterEvent large = valueChange(4);
  std::get<ValueChange>(large.body).key = std::string(3 * one, 'x');
  EXPECT_EQ(lines.line(large).use_count(), 1) << "too large to be kept";
  EXPECT_EQ(second.use_count(), 2) << "and nothing else is forgotten for it";
}

TEST(EventLines, AGapIsNeverTakenForTheEventOfItsNumber) {
  EventLines lines;
  ClusterEvent gap;
  gap.seq = EventSeq(9);
  gap.body = Gap{EventSeq(1), EventSeq(9)};
  EXPECT_EQ(*lines.line(gap), eventJson(gap));
  EXPECT_EQ(*lines.line(valueChange(9)), eventJson(valueChange(9)));
  EXPECT_EQ(*lines.line(gap), eventJson(gap));
}

}  // namespace
}  // namespace clusterkit
