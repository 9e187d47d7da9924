// Answers that wait and answers that go on, whatever they are about: who waits costs no thread, who leaves is
// forgotten at once, who reads slowly is fed slowly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>

#include "http/raw_client.hpp"
#include "http/test_server.hpp"
#include "support/eventually.hpp"

namespace clusterkit::http::test {
namespace {

using namespace std::chrono_literals;
using clusterkit::test::eventually;
using testing::HasSubstr;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n"; }
MonotonicTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

// What a test and the poll or stream that it gave away have in common.
struct Script {
  std::atomic<bool> ready{false};
  std::atomic<bool> broken{false};
  std::atomic<int> looks{0};
  std::atomic<int> alive{0};
  std::atomic<std::uint64_t> written{0};  // by the test
  std::atomic<std::uint64_t> taken{0};
  std::atomic<bool> over{false};
};

Response saying(std::string text) {
  Response response;
  response.contentType = kPlainText;
  response.body = Body(std::move(text));
  return response;
}

class ScriptedPoll final : public LongPoll {
 public:
  explicit ScriptedPoll(Script& script) : script_(script) { ++script_.alive; }
  ~ScriptedPoll() override { --script_.alive; }
  std::optional<Response> look() override {
    ++script_.looks;
    if (script_.broken) throw std::runtime_error("broken on purpose");
    return script_.ready ? std::optional(saying("something")) : std::nullopt;
  }
  Response giveUp() override { return saying("nothing"); }

 private:
  Script& script_;
};

// Numbers from 0 up to script.written, one a line.
class ScriptedStream final : public StreamSource {
 public:
  explicit ScriptedStream(Script& script) : script_(script) { ++script_.alive; }
  ~ScriptedStream() override { --script_.alive; }
  Next take(OutputQueue& out) override {
    ++script_.looks;
    if (script_.broken) throw std::runtime_error("broken on purpose");
    while (script_.taken < script_.written && out.size() < kStreamPiece)
      out.share(std::make_shared<const std::string>(std::to_string(script_.taken++) + "\n"));
    if (script_.taken < script_.written) return Next::More;
    return script_.over ? Next::End : Next::Later;
  }
  void beat(OutputQueue& out) override { out.write("beat\n"); }
  void finish(OutputQueue& out) override { out.write("stopping\n"); }

 private:
  Script& script_;
};

class Pending : public testing::Test {
 protected:
  explicit Pending(ServerOptions options = {}) : server_(options), signal_(server_.server().signaller()) {}

  RawClient polling(MonotonicTime deadline = in(60s), const std::string& behind = "") {
    RawClient client(server_.port());
    client.send(get("/keep") + behind);
    server_.handler().takeKept().poll(deadline, std::make_unique<ScriptedPoll>(script_));
    EXPECT_TRUE(eventually([this] { return script_.looks > 0; }));
    return client;
  }
  RawClient streaming(const std::string& request = get("/keep")) {
    RawClient client(server_.port());
    client.send(request);
    server_.handler().takeKept().stream(saying("begin\n"), std::make_unique<ScriptedStream>(script_));
    EXPECT_EQ(client.receiveHead().value_or(RawResponse{}).status, 200);
    EXPECT_EQ(client.receiveUntil("\n"), "begin");
    return client;
  }
  void write(std::uint64_t lines) {
    script_.written += lines;
    signal_();
  }
  bool forgotten() {
    return eventually([this] { return script_.alive == 0; });
  }

  Script script_;
  TestServer server_;
  std::function<void()> signal_;
};

using LongPolls = Pending;

TEST_F(LongPolls, AreAnsweredWhenASignalBringsSomething) {
  RawClient client = polling(in(60s), get("/hello"));
  EXPECT_TRUE(server_.answers()) << "a waiting request must not hold up other clients";
  // The first to wait looks once more, for a signal that came while nobody did.
  EXPECT_TRUE(eventually([this] { return script_.looks == 2; }));
  signal_();
  EXPECT_TRUE(eventually([this] { return script_.looks == 3; }));
  script_.ready = true;
  signal_();
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "something");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello") << "the request behind it";
  EXPECT_TRUE(forgotten());
}

TEST_F(LongPolls, AreAnsweredAtTheirDeadline) {
  EXPECT_EQ(polling(in(50ms)).receive().value_or(RawResponse{}).body, "nothing");
  EXPECT_EQ(polling(in(0ms)).receive().value_or(RawResponse{}).body, "nothing");
  EXPECT_TRUE(forgotten());
  EXPECT_EQ(server_.server().stats().timeouts, 0U) << "a wait that ended is no trouble";
}

TEST_F(LongPolls, OfAClientThatSendsNoMoreAreAnsweredAtOnce) {
  RawClient client = polling();
  client.endSending();
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "nothing");
  EXPECT_TRUE(client.endsWithin(2s));
}

TEST_F(LongPolls, OfClientsThatLeaveAreForgottenAtOnce) {
  { const RawClient closed = polling(); }
  EXPECT_TRUE(forgotten());
  RawClient reset = polling();
  reset.reset();
  EXPECT_TRUE(forgotten());
  EXPECT_TRUE(eventually([this] { return server_.server().stats().open == 0; }));
}

TEST_F(LongPolls, AreAnsweredWhenTheServerStops) {
  RawClient client = polling();
  const auto begin = std::chrono::steady_clock::now();
  server_.server().stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "nothing");
  signal_();  // to a server that is gone
}

TEST_F(LongPolls, ThatThrowAreAnswered500) {
  RawClient client = polling();
  script_.broken = true;
  signal_();
  EXPECT_EQ(client.receive().value_or(RawResponse{}).status, 500);
  EXPECT_TRUE(server_.answers());
}

TEST_F(LongPolls, OfHeadAreAnsweredWithoutWaiting) {
  RawClient client(server_.port());
  client.send("HEAD /keep HTTP/1.1\r\nHost: test\r\n\r\n" + get("/hello"));
  server_.handler().takeKept().poll(in(60s), std::make_unique<ScriptedPoll>(script_));
  EXPECT_EQ(client.receive(RawClient::Body::None).value_or(RawResponse{}).header("Content-Length"), "7");
  EXPECT_EQ(client.receive().value_or(RawResponse{}).body, "hello");
}

using Streams = Pending;

TEST_F(Streams, BringWhatEachSignalTellsOfAndEndWithTheirConnection) {
  RawClient client = streaming();
  write(2);
  EXPECT_EQ(client.receiveUntil("\n"), "0");
  EXPECT_EQ(client.receiveUntil("\n"), "1");
  signal_();
  write(1);
  EXPECT_EQ(client.receiveUntil("\n"), "2");
  script_.over = true;
  signal_();
  EXPECT_TRUE(client.endsWithin(2s));
  EXPECT_TRUE(forgotten());
}

TEST_F(Streams, SayThatTheyEndWithTheirConnection) {
  RawClient client(server_.port());
  client.send(get("/keep"));
  server_.handler().takeKept().stream(saying(""), std::make_unique<ScriptedStream>(script_));
  const auto head = client.receiveHead();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->header("Connection"), "close");
  EXPECT_EQ(head->header("Content-Length") + head->header("Transfer-Encoding"), "");
}

TEST_F(Streams, OfHeadAreAHeadOnly) {
  RawClient client(server_.port());
  client.send("HEAD /keep HTTP/1.1\r\nHost: test\r\n\r\n");
  server_.handler().takeKept().stream(saying("begin\n"), std::make_unique<ScriptedStream>(script_));
  EXPECT_EQ(client.receiveHead().value_or(RawResponse{}).status, 200);
  EXPECT_TRUE(client.endsWithin(2s));
  EXPECT_TRUE(forgotten());
}

TEST_F(Streams, ThrowAwayWhatTheirClientsStillSend) {
  RawClient client = streaming();
  client.send(get("/hello") + std::string(100'000, 'x'));
  write(1);
  EXPECT_EQ(client.receiveUntil("\n"), "0");
  EXPECT_THAT(server_.handler().seen(), testing::ElementsAre("GET /keep"));
  write(1);
  EXPECT_EQ(client.receiveUntil("\n"), "1");
}

TEST_F(Streams, OfClientsThatLeaveAreForgottenAtOnce) {
  { const RawClient closed = streaming(); }
  EXPECT_TRUE(forgotten());
  RawClient reset = streaming();
  reset.reset();
  EXPECT_TRUE(forgotten());
  RawClient half = streaming();
  half.endSending();  // may come back for nothing more: nobody could tell whether it is still there
  EXPECT_TRUE(forgotten());
  EXPECT_TRUE(eventually([this] { return server_.server().stats().open == 0; }));
}

TEST_F(Streams, EndWithTheirLastWordsWhenTheServerStops) {
  RawClient client = streaming();
  const auto begin = std::chrono::steady_clock::now();
  server_.server().stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
  EXPECT_EQ(client.receiveUntil("\n"), "stopping");
  EXPECT_TRUE(client.endsWithin(2s));
}

TEST_F(Streams, ThatThrowEndAndNothingElseDoes) {
  RawClient client = streaming();
  script_.broken = true;
  signal_();
  EXPECT_TRUE(client.endsWithin(2s));
  EXPECT_TRUE(server_.answers());
}

class NarrowStreams : public Pending {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.streamBacklogBytes = 32 * 1024;
    return options;
  }
  explicit NarrowStreams(ServerOptions options = NarrowStreams::options()) : Pending(std::move(options)) {}
};

TEST_F(NarrowStreams, ASlowReaderIsFedSlowlyAndGetsEverythingInOrder) {
  RawClient client(server_.port());
  client.setReceiveBuffer(32 * 1024);
  client.send(get("/keep"));
  server_.handler().takeKept().stream(saying("begin\n"), std::make_unique<ScriptedStream>(script_));
  constexpr std::uint64_t kLines = 150'000;  // about 1 MB
  write(kLines);
  EXPECT_TRUE(server_.answers());
  // It takes no more than what the kernel holds for both sides, however often it is signalled.
  EXPECT_TRUE(eventually([this] { return script_.taken > 0; }));
  for (int i = 0; i < 100; ++i) {
    signal_();
    EXPECT_TRUE(server_.answers());
  }
  EXPECT_LT(script_.taken, kLines / 2);
  EXPECT_EQ(client.receiveHead().value_or(RawResponse{}).status, 200);
  EXPECT_EQ(client.receiveUntil("\n"), "begin");
  for (std::uint64_t line = 0; line < kLines; ++line)
    ASSERT_EQ(client.receiveUntil("\n"), std::to_string(line));
}

class ImpatientStreams : public NarrowStreams {
 protected:
  static ServerOptions options() {
    ServerOptions options = NarrowStreams::options();
    options.writeTimeout = 300ms;
    return options;
  }
  ImpatientStreams() : NarrowStreams(options()) {}
};

TEST_F(ImpatientStreams, AClientThatReadsNothingIsCutOff) {
  RawClient client(server_.port());
  client.setReceiveBuffer(4096);
  client.send(get("/keep"));
  server_.handler().takeKept().stream(saying("begin\n"), std::make_unique<ScriptedStream>(script_));
  write(1'000'000);
  EXPECT_TRUE(eventually([this] { return script_.alive == 0 && script_.taken > 0; }));
  EXPECT_EQ(server_.server().stats().timeouts, 1U);
  EXPECT_LT(script_.taken, 500'000U);
  EXPECT_TRUE(server_.answers());
}

class BeatingStreams : public Pending {
 protected:
  static ServerOptions options() {
    ServerOptions options;
    options.streamHeartbeat = 50ms;
    return options;
  }
  BeatingStreams() : Pending(options()) {}
};

TEST_F(BeatingStreams, GiveASignOfLifeWhenThereIsNothingElse) {
  RawClient client = streaming();
  EXPECT_EQ(client.receiveUntil("\n"), "beat");
  EXPECT_EQ(client.receiveUntil("\n"), "beat");
  write(1);
  std::string line;
  do line = client.receiveUntil("\n").value_or("end");
  while (line == "beat");
  EXPECT_EQ(line, "0");
  EXPECT_EQ(client.receiveUntil("\n"), "beat");
}

}  // namespace
}  // namespace clusterkit::http::test
