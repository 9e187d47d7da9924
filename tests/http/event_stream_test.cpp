// GET /v1/events as server-sent events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "http/events_fixture.hpp"

namespace clusterkit::http::test {
namespace {

using namespace std::chrono_literals;

class EventStreams : public EventsTest {
 protected:
  using EventsTest::EventsTest;

  // A stream that has begun.
  EventClient opened(const std::string& target, const std::string& headers = "") {
    EventClient client(server_.port(), target, headers);
    EXPECT_EQ(client.begin().value_or(RawResponse{}).status, 200);
    return client;
  }
  // The events from `first` to `last`, all of them.
  void expectEvents(EventClient& client, std::uint64_t first, std::uint64_t last) {
    const auto events = client.events(last - first + 1);
    ASSERT_EQ(events.size(), last - first + 1);
    for (std::uint64_t seq = first; seq <= last; ++seq) {
      const ServerEvent& event = events[seq - first];
      EXPECT_EQ(event.id, std::to_string(seq));
      EXPECT_EQ(event.type, eventType(cluster_.state()->findEvent(EventSeq(seq))->body));
      EXPECT_EQ(event.data, lineOf(seq));
    }
  }
};

TEST_F(EventStreams, BeginWithTheirPlaceAndTheTimeToComeBackAfter) {
  EventClient client(server_.port(), "/v1/events");
  const RawResponse head = client.begin().value_or(RawResponse{});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.header("Cache-Control"), "no-store");
  EXPECT_EQ(client.socket().receiveUntil("\n\n"), "retry: 1000\nid: " + std::to_string(newest()));
}

TEST_F(EventStreams, WithoutAPlaceBeginNow) {
  EventClient client = opened("/v1/events");
  const std::uint64_t before = newest();
  const std::uint64_t last = writeValues(3);
  expectEvents(client, before + 1, last);
}

TEST_F(EventStreams, BringWhatWasThereAndGoOnWithWhatComes) {
  const std::uint64_t before = newest();
  writeValues(100);
  EventClient client = opened(path(before));
  expectEvents(client, before + 1, newest());
  const std::uint64_t last = writeValues(50);
  expectEvents(client, last - 49, last);
}

TEST_F(EventStreams, LastEventIdCountsMoreThanSince) {
  const std::uint64_t last = writeValues(5);
  EventClient client = opened(path(0), "Last-Event-ID: " + std::to_string(last - 2) + "\r\n");
  expectEvents(client, last - 1, last);
  for (const char* id : {"x", "", "-1", "1\r\nLast-Event-ID: 2"}) {
    EventClient refused(server_.port(), "/v1/events", std::string("Last-Event-ID: ") + id + "\r\n");
    EXPECT_EQ(refused.begin().value_or(RawResponse{}).status, 400) << id;
  }
}

TEST_F(EventStreams, AClientThatComesBackMissesNothing) {
  const std::uint64_t before = newest();
  std::string id = std::to_string(before);
  std::vector<std::string> got;
  for (int visit = 0; visit < 5; ++visit) {
    EventClient client = opened("/v1/events", "Last-Event-ID: " + id + "\r\n");
    writeValues(3);
    for (const ServerEvent& event : client.events(2)) got.push_back(event.id);  // and leaves, with one unread
    id = got.back();
  }
  std::vector<std::string> expected;
  for (std::uint64_t seq = before + 1; seq <= before + 10; ++seq) expected.push_back(std::to_string(seq));
  EXPECT_EQ(got, expected);
}

TEST_F(EventStreams, BringOnlyTheTypesThatAreAskedFor) {
  EventClient client = opened("/v1/events?types=leader_change");
  writeValues(3);
  cluster_.apply(AnnounceLeader{MemberId(2)});
  expectEvents(client, newest(), newest());
}

TEST_F(EventStreams, FromCutHistoryAreAnswered410) {
  forgetHistory();
  EventClient client(server_.port(), path(oldest() - 2));
  const RawResponse response = client.begin().value_or(RawResponse{});
  expectError(response, 410, "history_cut", "n/a");
  EXPECT_EQ(response.header("X-ClusterKit-Oldest-Seq"), std::to_string(oldest()));
}

TEST_F(EventStreams, OfANodeThatStopsEndWithTheReason) {
  EventClient client = opened("/v1/events");
  const std::uint64_t last = writeValues(1);
  expectEvents(client, last, last);
  server_.stop();
  const auto end = client.events(1);
  ASSERT_EQ(end.size(), 1U);
  EXPECT_EQ(end[0].type, "end");
  EXPECT_EQ(end[0].id, "");
  EXPECT_EQ(end[0].data, "{\"reason\":\"stopping\",\"resume_after\":" + std::to_string(last) + "}");
  EXPECT_TRUE(client.socket().endsWithin(2s));
}

TEST_F(EventStreams, ClientsThatLeaveAreForgotten) {
  for (int i = 0; i < 20; ++i) {
    EventClient client = opened("/v1/events");
    if (i % 3 == 0) client.socket().reset();
    if (i % 3 == 1) client.socket().endSending();
  }
  EXPECT_TRUE(nobodyIsConnected());
}

class BeatingEvents : public EventStreams {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.streamHeartbeat = 50ms;
    return options;
  }
  BeatingEvents() : EventStreams(FakeCluster::Start::ThreeNodes, options()) {}
};

// A watcher of rare events would otherwise come back with a number that is long gone.
TEST_F(BeatingEvents, SignsOfLifeCarryTheNumberOfWhatWasPassedOver) {
  EventClient client = opened("/v1/events?types=node_leave");
  EXPECT_EQ(client.next().value_or(ServerEvent{}).id, std::to_string(newest())) << "the opening";
  const ServerEvent first = client.next().value_or(ServerEvent{});
  EXPECT_EQ(first.comment, "ping");
  EXPECT_EQ(first.id, "");
  const std::uint64_t last = writeValues(3);
  EXPECT_TRUE(eventually([&] { return client.next().value_or(ServerEvent{}).id == std::to_string(last); }));
  EXPECT_EQ(client.next().value_or(ServerEvent{}).id, "") << "told once";
}

class NarrowEvents : public EventStreams {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.streamBacklogBytes = 16 * 1024;
    options.drainTimeout = 200ms;
    return options;
  }
  NarrowEvents() : EventStreams(FakeCluster::Start::ThreeNodes, options()) {}
};

TEST_F(NarrowEvents, AWatcherThatFallsBehindTheHistoryIsToldWhereItWas) {
  const std::uint64_t before = newest();
  EventClient client(server_.port(), path(before));
  client.socket().setReceiveBuffer(16 * 1024);
  EXPECT_EQ(client.begin().value_or(RawResponse{}).status, 200);
  writeValues(1000,
              std::string(kMaxKeyBytes, 'k'));  // five times what is kept, and more than the kernel holds
  std::uint64_t last = before;
  std::optional<ServerEvent> event;
  while ((event = client.next()) && event->type != "end") {
    if (event->data.empty()) continue;
    ASSERT_EQ(event->id, std::to_string(last + 1)) << "in order, without a hole";
    ++last;
  }
  ASSERT_TRUE(event);
  EXPECT_EQ(event->data, "{\"reason\":\"too_slow\",\"resume_after\":" + std::to_string(last) + "}");
  EXPECT_LT(last, newest());
  EXPECT_TRUE(client.socket().endsWithin(2s));
  EXPECT_TRUE(nobodyIsConnected());
}

TEST_F(NarrowEvents, ASlowWatcherDelaysNobody) {
  EventClient slow(server_.port(), "/v1/events");
  slow.socket().setReceiveBuffer(4096);
  EXPECT_EQ(slow.begin().value_or(RawResponse{}).status, 200);
  EventClient quick = opened("/v1/events");
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t last = writeValues(30, std::string(kMaxKeyBytes, 'k'));
    expectEvents(quick, last - 29, last);
  }
  EXPECT_EQ(get("/health").status, 200);
}

class ManyWatchers : public EventStreams {
 protected:
  static constexpr std::size_t kWatchers = 1000;
  static constexpr rlim_t kDescriptors = 2 * kWatchers + 200;

  void SetUp() override {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < kDescriptors)
      GTEST_SKIP() << "this process may not open " << kDescriptors << " files";
    limit.rlim_cur = std::max(limit.rlim_cur, kDescriptors);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
};

TEST_F(ManyWatchers, GetAllEventsInOrderWhileOthersAreAnsweredAndEachEventIsWrittenOnce) {
  std::vector<EventClient> watchers;
  for (std::size_t i = 0; i < kWatchers; ++i) watchers.push_back(opened("/v1/events"));
  const std::uint64_t before = newest();
  const std::uint64_t written = cluster_.lines.written();
  for (int round = 0; round < 10; ++round) {
    writeValues(5);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(get("/health").status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  }
  const std::uint64_t last = newest();
  for (EventClient& watcher : watchers) {
    const auto events = watcher.events(last - before);
    ASSERT_EQ(events.size(), last - before);
    for (std::uint64_t seq = before + 1; seq <= last; ++seq)
      ASSERT_EQ(events[seq - before - 1].id, std::to_string(seq));
  }
  EXPECT_EQ(cluster_.lines.written(), written + (last - before));
  watchers.clear();
  EXPECT_TRUE(nobodyIsConnected());
}

}  // namespace
}  // namespace clusterkit::http::test
