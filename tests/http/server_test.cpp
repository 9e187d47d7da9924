// What well-behaved, slow, vanishing and numerous clients get from the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <string>
#include <vector>

#include "http/raw_client.hpp"
#include "http/test_server.hpp"
#include "support/eventually.hpp"

namespace clusterkit::http::test {
namespace {

using namespace std::chrono_literals;
using clusterkit::test::eventually;

// Of the whole process, since it was made.
class ProcessorTime {
 public:
  std::chrono::nanoseconds soFar() const { return now() - begin_; }

 private:
  static std::chrono::nanoseconds now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  const std::chrono::nanoseconds begin_ = now();
};

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n"; }

TEST(HttpServer, AnswersCarryIndexAndEpoch) {
  TestServer server;
  const RawResponse response = exchange(server.port(), get("/hello"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.header("X-ClusterKit-Index"), "42");
  EXPECT_EQ(response.header("X-ClusterKit-Epoch"), "7");
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += get("/hello") + "PUT /store/k" + std::to_string(i) +
                " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(i) + "\r\n\r\n" +
                std::string(static_cast<std::size_t>(i), 'x');
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.receive().value_or(RawResponse{}).body, "hello") << i;
    ASSERT_EQ(client.receive().value_or(RawResponse{}).body, "stored " + std::to_string(i));
  }
}

TEST(HttpServer, KeepsPipelinedRequestsWaitingForAnAnswerThatComesLater) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/keep") + get("/hello"));
  Responder first = server.handler().takeKept();
  EXPECT_TRUE(first.clientListens());
  EXPECT_TRUE(server.answers()) << "a waiting request must not hold up other clients";
  Response response;
  response.body = Body("late");
  first.respond(std::move(response));
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "late");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello");
}

TEST(HttpServer, AnswersARequestThatArrivesByteByByte) {
  TestServer server;
  RawClient client(server.port());
  const std::string request =
      "PUT /store/slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: "
      "v\r\n\r\n" +
      get("/hello");
  for (const char byte : request) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "stored 5");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello");
  EXPECT_EQ(server.handler().stored().at("slow"), "hello");
}

TEST(HttpServer, DecodesTheRestOfThePathAsOneKey) {
  TestServer server;
  exchange(server.port(), "PUT /store/a%2Fb/..%20c+d HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(server.handler().stored().count("a/b/.. c+d"), 1U);
}

TEST(HttpServer, HeadGivesTheHeadersOfGetWithoutBody) {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  const auto head = client.receive(RawClient::Body::None);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Content-Length"), "5");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello");
}

TEST(HttpServer, HeadThatTheParserRefusesGetsNoBodyEither) {
  TestServer server;
  RawClient client(server.port());
  client.send("HEAD /hello HTTP/1.1\r\n\r\n");  // no Host
  const auto head = client.receive(RawClient::Body::None);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 400);
  EXPECT_FALSE(client.receive()) << "the connection ends right after the head";
}

TEST(HttpServer, SaysContinueBeforeAnExpectedBody) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /store/e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 100);
  client.send("hello");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "stored 5");
}

TEST(HttpServer, RefusesAnExpectedBodyWithoutAskingForIt) {
  TestServer server;
  RawClient client(server.port());
  client.send("PUT /store/e HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 413);
}

TEST(HttpServer, ClosesAfterConnectionCloseAndAfterHttp10) {
  TestServer server;
  RawClient asked(server.port());
  asked.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(asked.receive().value_or(RawResponse{}).header("Connection"), "close");
  EXPECT_TRUE(asked.endsWithin(1s));
  RawClient old(server.port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().value_or(RawResponse{}).body, "hello");
  EXPECT_TRUE(old.endsWithin(1s));
  RawClient kept(server.port());
  kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(kept.receive().value_or(RawResponse{}).header("Connection"), "keep-alive");
}

TEST(HttpServer, AnswersAClientThatHasClosedItsOwnDirection) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/keep"));
  client.endSending();
  Responder kept = server.handler().takeKept();
  kept.fail({ErrorCode::notFound, "nothing", Applied::notApplicable});
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 404);
}

TEST(HttpServer, AcceptsATargetInAbsoluteForm) {
  TestServer server;
  EXPECT_EQ(exchange(server.port(), "GET http://test:1/hello HTTP/1.1\r\nHost: test\r\n\r\n").body, "hello");
}

TEST(HttpServer, SendsALargeBodyToASlowReaderWhole) {
  TestServer server;
  RawClient client(server.port());
  client.setReceiveBuffer(256 * 1024);
  client.send(get("/big") + get("/hello"));
  EXPECT_TRUE(server.answers());
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), kBigBytes);
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello");
}

TEST(HttpServer, SurvivesAResetInTheMiddleOfAResponse) {
  TestServer server;
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.port());
    client.setReceiveBuffer(4096);
    client.send(get("/big"));
    client.receiveSome();
    client.reset();
  }
  EXPECT_TRUE(server.answers());
  EXPECT_TRUE(eventually([&] { return server.server().stats().open == 0; }));
}

TEST(HttpServer, CutsOffAClientThatTakesNothing) {
  ServerOptions options;
  options.writeTimeout = 200ms;
  TestServer server(options);
  RawClient client(server.port());
  client.setReceiveBuffer(4096);
  client.send(get("/big"));
  EXPECT_TRUE(eventually([&] { return server.server().stats().timeouts == 1; }));
  EXPECT_TRUE(server.answers());
}

TEST(HttpServer, NoticesThatAClientHasGoneWhileItsRequestWaits) {
  TestServer server;
  RawClient client(server.port());
  client.send(get("/keep"));
  Responder kept = server.handler().takeKept();
  client.reset();
  EXPECT_TRUE(eventually([&] { return !kept.clientListens(); }));
  kept.fail({ErrorCode::notFound, "nobody hears this", Applied::notApplicable});
  EXPECT_TRUE(server.answers());
}

TEST(HttpServer, CutsOffRequestsThatDoNotArriveInTime) {
  ServerOptions options;
  options.requestTimeout = 200ms;
  TestServer server(options);
  RawClient head(server.port());
  head.send("GET /hello HTTP/1.1\r\nHo");
  RawClient body(server.port());
  body.send("PUT /store/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
  RawClient silent(server.port());
  EXPECT_EQ(head.receive().value_or(RawResponse{}).status, 408);
  EXPECT_EQ(body.receive().value_or(RawResponse{}).status, 408);
  EXPECT_TRUE(silent.endsWithin(2s));
  EXPECT_TRUE(server.handler().stored().empty());
}

TEST(HttpServer, DrippingBytesDoNotExtendTheDeadline) {
  ServerOptions options;
  options.requestTimeout = 300ms;
  TestServer server(options);
  RawClient client(server.port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n");
  const auto begin = std::chrono::steady_clock::now();
  while (client.send("X: y\r\n") && !client.endsWithin(10ms) &&
         std::chrono::steady_clock::now() - begin < 5s) {
    if (server.server().stats().timeouts == 1) break;
  }
  EXPECT_EQ(server.server().stats().timeouts, 1U);
}

TEST(HttpServer, ClosesIdleConnections) {
  ServerOptions options;
  options.idleTimeout = 100ms;
  TestServer server(options);
  RawClient client(server.port());
  client.send(get("/hello"));
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 200);
  EXPECT_TRUE(client.endsWithin(2s));
}

TEST(HttpServer, AnAnswerThatDoesNotComeInTimeIs504) {
  ServerOptions options;
  options.answerTimeout = 100ms;
  TestServer server(options);
  RawClient client(server.port());
  client.send(get("/keep") + get("/hello"));
  Responder late = server.handler().takeKept();
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 504);
  EXPECT_FALSE(late.clientListens());
  late.fail({ErrorCode::internal, "late", Applied::unknown});
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello")
      << "a late answer must not be taken for the next one";
}

TEST(HttpServer, HundredsOfHalfSentRequestsDelayNobody) {
  TestServer server;
  std::deque<RawClient> slow;
  for (int i = 0; i < 400; ++i) {
    slow.emplace_back(server.port());
    slow.back().send(i % 2 == 0 ? "GET /hello HTTP/1.1\r\nHost: a"
                                : "PUT /store/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx");
  }
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(server.answers());
}

TEST(HttpServer, WhenFullTheOldestIdleConnectionGoes) {
  ServerOptions options;
  options.maxConnections = 4;
  TestServer server(options);
  std::deque<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(server.port());
    clients.back().send(get("/hello"));
    ASSERT_EQ(clients.back().receive().value_or(RawResponse{}).status, 200);
  }
  EXPECT_TRUE(server.answers());
  EXPECT_TRUE(clients.front().endsWithin(1s));
  clients.back().send(get("/hello"));
  EXPECT_EQ(clients.back().receive().value_or(RawResponse{}).status, 200);
}

TEST(HttpServer, WhenFullOfWorkANewConnectionIsAnswered503) {
  ServerOptions options;
  options.maxConnectionsPerSource = 2;
  TestServer server(options);
  RawClient first(server.port()), second(server.port());
  first.send(get("/keep"));
  second.send(get("/keep"));
  Responder one = server.handler().takeKept();
  Responder two = server.handler().takeKept();
  RawClient third(server.port());
  const auto refused = third.receive();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("Retry-After"), "1");
  one.respond({});
  two.respond({});
  EXPECT_EQ(first.receive().value_or(RawResponse{}).status, 200);
}

TEST(HttpServer, WhenFullOfHalfSentRequestsOthersAreStillAnswered) {
  ServerOptions options;
  options.maxConnections = 50;
  TestServer server(options);
  std::deque<RawClient> slow;
  for (int i = 0; i < 50; ++i) {
    slow.emplace_back(server.port());
    slow.back().send("GET /hello HTTP/1.1\r\nHo");
  }
  EXPECT_TRUE(eventually([&] { return server.answers(); }))
      << "the oldest half-sent request has to make room";
}

TEST(HttpServer, LimitsTheBodiesUnderWay) {
  ServerOptions options;
  options.bodyBytesInFlight = 1500 * 1024;
  TestServer server(options);
  const std::string head = "PUT /store/b HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n";
  RawClient first(server.port());
  first.send(head + "x");
  EXPECT_TRUE(server.answers());
  RawClient second(server.port());
  second.send(head);
  EXPECT_EQ(second.receive().value_or(RawResponse{}).status, 503);
  first.send(std::string(1048575, 'x'));
  EXPECT_EQ(first.receive().value_or(RawResponse{}).body, "stored 1048576");
  EXPECT_EQ(exchange(server.port(), head + std::string(1048576, 'y')).status, 200);
}

TEST(HttpServer, S118_RunsOutOfDescriptorsAndRecovers) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  TestServer server;
  EXPECT_TRUE(server.answers());
  std::deque<RawClient> clients;
  rlimit low = before;
  low.rlim_cur = 100;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  try {
    for (int i = 0; i < 200; ++i) clients.emplace_back(server.port());
  } catch (const std::runtime_error&) {
    // this process has no descriptors left, on either side
  }
  EXPECT_GT(clients.size(), 10U);
  clients.clear();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(eventually([&] { return server.answers(); }));
}

TEST(HttpServer, ThatHasTooFewDescriptorsToStartSaysSo) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowestFree = ::dup(STDERR_FILENO);
  ASSERT_GE(lowestFree, 0);
  ::close(lowestFree);
  std::vector<std::string> said;
  for (rlim_t spare = 0; spare < 6; ++spare) {
    const rlimit low{static_cast<rlim_t>(lowestFree) + spare, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    try {
      const TestServer server;
    } catch (const ListenError& error) {
      said.emplace_back(error.what());
    }
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  // A socket that listens, an eventfd that wakes, an epoll instance that waits: each may be the one too many.
  EXPECT_GE(said.size(), 3U);
  EXPECT_THAT(said, testing::Each(testing::HasSubstr("Too many open files")));
}

TEST(HttpServer, UsesNoProcessorTimeWhenNothingHappens) {
  TestServer server;
  std::deque<RawClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(server.port());
    if (i % 2 == 0) clients.back().send(get("/keep"));
  }
  std::deque<Responder> kept;
  for (int i = 0; i < 25; ++i) kept.push_back(server.handler().takeKept());
  for (int i = 0; i < 50; i += 4) clients[static_cast<std::size_t>(i)].endSending();
  const ProcessorTime used;
  EXPECT_FALSE(clients[1].endsWithin(1000ms));
  EXPECT_LT(used.soFar(), 50ms);
}

// Found by the fuzzer: a request that was not whole yet was parsed again in every turn of the loop.
TEST(HttpServer, HalfSentRequestsCostNoProcessorTime) {
  TestServer server;
  std::deque<RawClient> clients;
  for (const std::string half :
       {"GET /hel", "PUT /store/a HTTP/1.1\r\nHost: a\r\nContent-Le",
        "PUT /store/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"}) {
    clients.emplace_back(server.port());
    clients.back().send(half);
  }
  const ProcessorTime used;
  EXPECT_FALSE(clients[1].endsWithin(1000ms));
  EXPECT_LT(used.soFar(), 50ms);
}

TEST(HttpServer, RefusesAnAddressInUseAndABadOne) {
  TestServer server;
  TestHandler handler;
  ServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(server.port());
  try {
    HttpServer second(options, handler);
    FAIL() << "two servers on one port";
  } catch (const ListenError& error) {
    EXPECT_EQ(error.reason(), ListenError::Reason::AddressInUse);
    EXPECT_THAT(error.what(), testing::HasSubstr(options.listen));
  }
  options.listen = "127.0.0.1:notaport";
  EXPECT_THROW(HttpServer(options, handler), ListenError);
}

TEST(HttpServer, StoppingLetsTheAnswerUnderWayFinish) {
  TestServer server;
  RawClient idle(server.port());
  RawClient busy(server.port());
  busy.send(get("/keep"));
  Responder kept = server.handler().takeKept();
  std::thread stopping([&] { server.server().stop(); });
  EXPECT_TRUE(idle.endsWithin(2s));
  kept.respond({});
  EXPECT_EQ(busy.receive().value_or(RawResponse{}).status, 200);
  EXPECT_TRUE(busy.endsWithin(2s));
  stopping.join();
  EXPECT_THROW(RawClient client(server.port()), std::runtime_error);
}

TEST(HttpServer, AResponderMayOutliveTheServer) {
  auto server = std::make_unique<TestServer>();
  RawClient client(server->port());
  client.send(get("/keep"));
  Responder kept = server->handler().takeKept();
  server.reset();
  kept.respond({});
}

}  // namespace
}  // namespace clusterkit::http::test
