// GET /v1/events as a long poll.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/events_fixture.hpp"

namespace clusterkit::http::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class EventPolls : public EventsTest {
 protected:
  // A poll that has reached the server and waits there.
  RawClient waiting(const std::string& target, const std::string& behind = "") {
    const std::uint64_t before = server_.stats().waiting;
    RawClient client(server_.port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n" + behind);
    EXPECT_TRUE(eventually([&] { return server_.stats().waiting > before; }));
    return client;
  }
};

TEST_F(EventPolls, WhatIsThereIsAnsweredAtOnce) {
  const std::uint64_t last = writeValues(3);
  const RawResponse response = get(path(last - 3));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, bodyOf(last - 2, last));
  EXPECT_EQ(response.header("Content-Type"), "application/json");
  EXPECT_EQ(response.header("Cache-Control"), "no-store");
}

TEST_F(EventPolls, SinceZeroIsFromTheBeginning) { EXPECT_EQ(get(path(0)).body, bodyOf(1, newest())); }

TEST_F(EventPolls, WithoutSinceTheAnswerIsWhereToBegin) {
  EXPECT_EQ(get("/v1/events").body,
            "{\"events\":[],\"last_seq\":" + std::to_string(newest()) + ",\"oldest_seq\":1}");
}

TEST_F(EventPolls, AnEventEndsTheWait) {
  const std::uint64_t before = newest();
  RawClient client = waiting(path(before), "GET /health HTTP/1.1\r\nHost: test\r\n\r\n");
  writeValues(1);
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, bodyOf(before + 1, before + 1));
  EXPECT_THAT(client.receive().value_or(RawResponse{}).body, HasSubstr("healthy")) << "the request behind it";
}

TEST_F(EventPolls, WithoutAnEventTheAnswerIsEmptyWhenTheWaitIsOver) {
  const auto begin = std::chrono::steady_clock::now();
  const RawResponse response = get(path(newest(), "&wait=150ms"));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 150ms);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"events\":[],\"last_seq\":" + std::to_string(newest()) + ",\"oldest_seq\":1}");
}

TEST_F(EventPolls, AWaitOfNothingIsAQuestionOnly) {
  EXPECT_EQ(get(path(newest(), "&wait=0s")).status, 200);
  EXPECT_EQ(get(path(newest(), "&wait=0")).status, 200);
}

TEST_F(EventPolls, ANumberThatIsYetToComeIsWaitedFor) {
  const std::uint64_t later = newest() + 2;
  RawClient client = waiting(path(later));
  writeValues(3);
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, bodyOf(later + 1, later + 1));
  EXPECT_EQ(get(path(later + 100, "&wait=0s")).body,
            "{\"events\":[],\"last_seq\":" + std::to_string(later + 100) + ",\"oldest_seq\":1}")
      << "a node that is behind must not send its client back";
  EXPECT_EQ(get("/v1/events?wait=0s&since=18446744073709551615").status, 200);
}

TEST_F(EventPolls, LimitBoundsAnAnswerAndTheNextOneGoesOnBehindIt) {
  const std::uint64_t last = writeValues(5);
  EXPECT_EQ(get(path(last - 5, "&limit=2")).body, bodyOf(last - 4, last - 3));
  EXPECT_EQ(get(path(last - 3, "&limit=2")).body, bodyOf(last - 2, last - 1));
  EXPECT_EQ(get(path(last - 1, "&limit=2")).body, bodyOf(last, last));
}

TEST_F(EventPolls, ManyBytesAreAnsweredInParts) {
  writeValues(190, std::string(kMaxKeyBytes, '"'));  // each quote is two bytes in JSON
  const RawResponse first = get(path(oldest(), "&limit=1000"));
  EXPECT_LT(first.body.size(), 260U * 1024);
  std::size_t all = 0;
  std::uint64_t since = oldest();
  while (since < newest()) {
    const RawResponse part = get(path(since, "&limit=1000&wait=0s"));
    ASSERT_EQ(part.status, 200);
    const std::size_t at = part.body.rfind("\"last_seq\":");
    const std::uint64_t last = std::stoull(part.body.substr(at + 11));
    ASSERT_GT(last, since);
    EXPECT_EQ(part.body, bodyOf(since + 1, last));
    since = last;
    all += part.body.size();
  }
  EXPECT_GT(all, 190U * 1024);
}

TEST_F(EventPolls, OnlyTheTypesThatAreAskedForEndTheWait) {
  const std::uint64_t before = newest();
  RawClient client = waiting(path(before, "&types=node_leave,leader_change"));
  writeValues(3);
  cluster_.apply(AnnounceLeader{MemberId(2)});
  const std::uint64_t last = newest();
  ASSERT_EQ(eventType(cluster_.state()->findEvent(EventSeq(last))->body), "leader_change");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body,
            "{\"events\":[" + lineOf(last) + "],\"last_seq\":" + std::to_string(last) + ",\"oldest_seq\":1}");
}

// Otherwise a client of rare events would be told that history was cut, though it has missed nothing.
TEST_F(EventPolls, WhatWasPassedOverIsBehindTheClientWhenTheWaitIsOver) {
  RawClient client = waiting(path(newest(), "&types=node_leave&wait=2s"));
  for (int part = 0; part < 10; ++part) {
    writeValues(30);
    EXPECT_EQ(get("/health").status, 200) << "an answer: the poll has had its turn as well";
  }
  client.endSending();
  const RawResponse response = client.receive().value_or(RawResponse{});
  EXPECT_THAT(response.body, testing::StartsWith("{\"events\":[],\"last_seq\":" + std::to_string(newest())));
}

TEST_F(EventPolls, CutHistoryIsAnswered410WithTheOldestNumber) {
  forgetHistory();
  ASSERT_GT(oldest(), 2U);
  const RawResponse response = get(path(oldest() - 2));
  expectError(response, 410, "history_cut", "n/a");
  EXPECT_EQ(response.header("X-ClusterKit-Oldest-Seq"), std::to_string(oldest()));
  EXPECT_THAT(response.body, HasSubstr("the oldest one is " + std::to_string(oldest())));
  EXPECT_EQ(get(path(oldest() - 1, "&limit=1")).body, bodyOf(oldest(), oldest()))
      << "the first that is whole";
}

TEST_F(EventPolls, WhatIsWrongIsAnswered400) {
  for (const char* query :
       {"since=-1", "since=x", "since=", "since=18446744073709551616", "since=1&since=2", "wait=1",
        "wait=-1s", "wait=5m1s", "wait=soon", "limit=0", "limit=1001", "types=", "types=node_join,",
        "types=node_left", "types=gap", "types=node_join&types=node_leave", "from=1"}) {
    expectError(get(std::string("/v1/events?") + query), 400, "invalid", "not_applied");
  }
  EXPECT_THAT(get("/v1/events?types=node_left").body, HasSubstr("allowed: node_join, node_rejoin, "));
}

TEST_F(EventPolls, OtherMethodsAreAnswered405AndHeadDoesNotWait) {
  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const RawResponse response = request(method, "/v1/events");
    expectError(response, 405, "method_not_allowed", "not_applied");
    EXPECT_EQ(response.header("Allow"), "GET, HEAD");
  }
  RawClient client(server_.port());
  client.send("HEAD " + path(newest()) + " HTTP/1.1\r\nHost: test\r\n\r\n");
  EXPECT_EQ(client.receive(RawClient::Body::None).value_or(RawResponse{}).status, 200);
}

TEST_F(EventPolls, ClientsThatLeaveAreForgotten) {
  for (const bool rudely : {true, false}) {
    {
      RawClient client = waiting(path(newest(), "&wait=5m"));
      if (rudely) client.reset();
    }
    EXPECT_TRUE(nobodyIsConnected());
    EXPECT_EQ(server_.stats().waiting, 0U);
  }
}

TEST_F(EventPolls, OfANodeThatStopsAreAnswered) {
  RawClient client = waiting(path(newest(), "&wait=5m"));
  server_.stop();
  EXPECT_THAT(client.receive().value_or(RawResponse{}).body, testing::StartsWith("{\"events\":[],"));
}

TEST_F(EventPolls, EachEventIsWrittenOnceForAll) {
  const std::uint64_t before = newest();
  const std::uint64_t written = cluster_.lines.written();
  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(waiting(path(before)));
  writeValues(1);
  for (RawClient& client : clients)
    EXPECT_EQ(client.receive().value_or(RawResponse{}).body, bodyOf(before + 1, before + 1));
  EXPECT_EQ(cluster_.lines.written(), written + 1);
}

class LonelyEvents : public EventsTest {
 protected:
  LonelyEvents() : EventsTest(FakeCluster::Start::Empty) {}
};

TEST_F(LonelyEvents, ANodeWithoutAClusterHasNone) {
  expectError(get("/v1/events"), 503, "not_ready", "not_applied");
  expectError(get("/v1/events", "Accept: text/event-stream\r\n"), 503, "not_ready", "not_applied");
}

}  // namespace
}  // namespace clusterkit::http::test
