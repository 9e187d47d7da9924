// What people who are no node can do to one that uses no keys, and where it listens.
#include <sys/resource.h>

#include <random>

#include "zmq_network.hpp"

namespace clusterkit::zmq {
namespace {

using test::frameBytes;
using test::Stranger;
using test::TcpStranger;
using testing::HasSubstr;
using testing::IsEmpty;

class Strangers : public ZmqNetwork {};

TEST_F(Strangers, S114_AHelloFromAnybodyIsAnsweredWithOurMemberIdAndNothingElse) {
  Node& a = net.start(0xA1);
  Stranger stranger(a.endpoint());
  ASSERT_TRUE(sends(stranger, {frameBytes(1, 0, 77, 0xA1, 5, 4242)}));
  EXPECT_EQ(hears(stranger, 2s), frameBytes(2, 0, 0xA1, 77, 0, 4242));
  EXPECT_THAT(a.news(), IsEmpty());
}

TEST_F(Strangers, MalformedFramesAreCountedAndDropped) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  Stranger stranger(a.endpoint());
  std::string otherVersion = frameBytes(3, 0, 2, 1, 1, 1, "x");
  otherVersion[0] = 9;
  ASSERT_TRUE(sends(stranger, {""}));
  ASSERT_TRUE(sends(stranger, {"garbage"}));
  ASSERT_TRUE(sends(stranger, {otherVersion}));
  ASSERT_TRUE(sends(stranger, {frameBytes(3, 7, 2, 1, 1, 1)}));          // no such lane
  ASSERT_TRUE(sends(stranger, {frameBytes(2, 0, 2, 1, 1, 1)}));          // nobody asked
  ASSERT_TRUE(sends(stranger, {frameBytes(3, 0, 2, 1, 1, 1), "more"}));  // two parts
  ASSERT_TRUE(sends(stranger, {frameBytes(3, 0, 2, 99, 1, 1, "x")}));    // for another member
  ASSERT_TRUE(sends(stranger, {frameBytes(3, 0, 77, 1, 1, 1, "x")}));    // from no peer
  ASSERT_TRUE(net.until([&] { return a.stats().dropped == 8; })) << a.stats().dropped;
  EXPECT_THAT(a.received(), IsEmpty());
  EXPECT_TRUE(passes(b, a));
}

TEST_F(Strangers, ARepeatedFrameIsDeliveredOnce) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  Stranger replayer(a.endpoint());
  for (const std::uint64_t sequence : {1, 1, 2, 1})
    ASSERT_TRUE(sends(replayer, {frameBytes(3, 1, 2, 1, 9, sequence, std::to_string(sequence))}));
  ASSERT_TRUE(net.until([&] { return a.received().size() + a.stats().dropped == 4; }));
  EXPECT_THAT(a.receivedOn(CK_LANE_LOG), testing::ElementsAre("1", "2"));
}

TEST_F(Strangers, SquattingOnAMemberIdOrRoutingIdDoesNotMuteTheRealNode) {
  Node &a = net.start(1), &b = net.start(2);
  std::vector<std::unique_ptr<Stranger>> squatters;
  for (int i = 0; i < 8; ++i) {
    squatters.push_back(std::make_unique<Stranger>(a.endpoint(), "node-2"));
    ASSERT_TRUE(sends(*squatters.back(), {frameBytes(1, 0, 2, 1, 1000u + static_cast<unsigned>(i), 1)}));
    // Without keys the claim is believed; all it may do is to say something, never to silence.
    ASSERT_TRUE(sends(*squatters.back(),
                      {frameBytes(3, 0, 2, 1, 1000u + static_cast<unsigned>(i), UINT64_MAX, "lie")}));
  }
  net.connect({&a, &b});
  EXPECT_TRUE(passes(b, a));
  EXPECT_TRUE(passes(a, b));
  EXPECT_EQ(a.stats(2).connects, 1u);
}

TEST_F(Strangers, GarbageOnThePortChangesNothing) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  std::mt19937 random(3);
  const std::string greeting("\xFF\0\0\0\0\0\0\0\x01\x7F\x03\0NULL", 16);
  for (int round = 0; round < 100; ++round) {
    TcpStranger stranger(portOf(a));
    std::string bytes = round % 2 == 0 ? greeting + std::string(48, '\0') : "";
    for (int i = 0; i < 200; ++i) bytes.push_back(static_cast<char>(random()));
    stranger.send(bytes);
  }
  TcpStranger browser(portOf(a));
  browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(browser.cutWithin(4000));
  EXPECT_TRUE(passes(b, a));
  EXPECT_EQ(a.stats(2).connects, 1u);
  EXPECT_EQ(b.stats(1).connects, 1u);
}

TEST_F(Strangers, HalfOpenConnectionsAreCutAfterTwoSeconds) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  std::vector<TcpStranger> silent;
  for (int i = 0; i < 100; ++i) silent.emplace_back(portOf(a));
  EXPECT_TRUE(passes(b, a));
  for (TcpStranger& s : silent) EXPECT_TRUE(s.cutWithin(5000));
}

TEST_F(Strangers, AMessageAboveTheLimitIsCutAtItsHeader) {
  Node &a = net.start(1, {{"max_message", "64KiB"}}), &b = net.start(2);
  net.connect({&a, &b});
  Stranger stranger(a.endpoint());
  ASSERT_TRUE(sends(stranger, {std::string(1 << 20, 'x')}));
  ASSERT_TRUE(sends(stranger, {frameBytes(1, 0, 77, 1, 1, 7)})) << "it may connect again";
  EXPECT_TRUE(passes(b, a));
  EXPECT_THAT(a.received().size(), testing::Ge(1u));
}

TEST_F(Strangers, ThePortInUseIsAConflict) {
  Node& a = net.start(1);
  Node& second = net.make(2, {{"listen", a.endpoint()}});
  const Node::Started started = second.start();
  EXPECT_EQ(started.status, CK_CONFLICT);
  EXPECT_THAT(started.error, HasSubstr(a.endpoint()));
}

TEST_F(Strangers, AMalformedListenAddressIsInvalid) {
  for (const char* bad : {"nowhere", "host:99999", "tcp://127.0.0.1:1", "[::1:4"})
    EXPECT_THROW(net.make(1, {{"listen", bad}}), std::runtime_error) << bad;
  Node& foreign = net.make(1, {{"listen", "192.0.2.1:7000"}});
  EXPECT_EQ(foreign.start().status, CK_INVALID);
}

TEST_F(Strangers, AWildcardNeedsAnAddressForTheOthers) {
  Node& silent = net.make(1, {{"listen", "0.0.0.0:0"}});
  EXPECT_EQ(silent.start().status, CK_INVALID);
  Node& named = net.start(1, {{"listen", "0.0.0.0:0"}, {"advertise", "127.0.0.1"}});
  EXPECT_THAT(named.endpoint(), testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]+"));
  Node& b = net.start(2);
  net.connect({&named, &b});
}

TEST_F(Strangers, WithoutAHostItListensOnLoopbackOnly) {
  Node& a = net.start(1, {{"listen", ":" + std::to_string(test::freePort())}});
  EXPECT_THAT(a.endpoint(), testing::StartsWith("127.0.0.1:"));
}

TEST_F(Strangers, WhatTheHostDoesNotProcessIsBounded) {
  Node &a = net.start(1), &b = net.start(2, {{"receive_limit", "1MiB"}});
  net.connect({&a, &b});
  b.holdMessages();
  for (int i = 0; i < 40; ++i) ASSERT_EQ(a.send(2, std::string(100'000, 'x'), CK_LANE_BULK), CK_OK);
  ASSERT_TRUE(net.until([&] { return b.received().size() + b.stats().dropped == 40; }));
  EXPECT_EQ(b.received().size(), 10u);
  EXPECT_TRUE(passes(a, b)) << "the control lane has a bound of its own";
}

}  // namespace
}  // namespace clusterkit::zmq
