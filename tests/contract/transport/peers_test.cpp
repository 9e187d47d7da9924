// Who is a peer, whether it is there, and what a stop or restart does.
#include "contract/transport/transport_contract.hpp"

namespace clusterkit::contract {
namespace {

class PeersContract : public TransportContract {};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(PeersContract, UpWhenItAnswersAndDownWhenItIsGone) {
  Node& a = net.start(1);
  const PeerOf b{2, freeEndpoint()};
  a.setPeers({b});
  net.runFor(50ms);
  EXPECT_THAT(a.news(), IsEmpty());
  Node& there = net.start(2, listeningOn(b.endpoint));
  ASSERT_TRUE(net.until([&] { return a.sees(2); }));
  EXPECT_EQ(a.stats(2).up, 1);
  net.stop(there);
  ASSERT_TRUE(net.until([&] { return !a.sees(2); }, 2s));
  EXPECT_EQ(a.stats(2).up, 0);
  EXPECT_EQ(a.news().back().status, CK_UNAVAILABLE);
}

TEST_P(PeersContract, ACandidateIsTriedBeforeItKnowsUs) {
  Node &leader = net.start(1), &candidate = net.start(2);
  leader.setPeers({candidate.asPeer()});
  EXPECT_TRUE(net.until([&] { return leader.sees(2); }));
  EXPECT_THAT(candidate.news(), IsEmpty());
}

TEST_P(PeersContract, S114_AMessageFromANonMemberIsDroppedAndCounted) {
  Node &stranger = net.start(1), &b = net.start(2);
  stranger.setPeers({b.asPeer()});
  ASSERT_EQ(stranger.send(2, "let me in"), CK_OK);
  ASSERT_TRUE(net.until([&] { return b.stats().dropped == 1; }));
  EXPECT_THAT(b.received(), IsEmpty());
  b.setPeers({stranger.asPeer()});
  ASSERT_TRUE(net.until([&] { return b.sees(1); }));
  ASSERT_EQ(stranger.send(2, "now a peer"), CK_OK);
  ASSERT_TRUE(net.until([&] { return !b.received().empty(); }));
  EXPECT_THAT(b.received(), ElementsAre(Message{1, CK_LANE_LOG, "now a peer"}));
}

TEST_P(PeersContract, AnotherMemberBehindTheAddressNeverCountsAsUp) {
  Node &a = net.start(1), &c = net.start(3);
  c.setPeers({a.asPeer()});
  a.setPeers({{2, c.endpoint()}});
  ASSERT_EQ(a.send(2, "for 2 only"), CK_OK);
  ASSERT_TRUE(net.until([&] { return !a.news().empty(); }));
  EXPECT_FALSE(a.sees(2));
  EXPECT_EQ(a.news().front().status, CK_DENIED);
  net.runFor(50ms);
  EXPECT_THAT(c.received(), IsEmpty());
}

TEST_P(PeersContract, SetPeersIsDeclarative) {
  Node &a = net.start(1), &b = net.start(2), &c = net.start(3);
  net.connect({&a, &b, &c});
  ASSERT_EQ(a.setPeers({c.asPeer(), a.asPeer()}), CK_OK);
  ASSERT_EQ(a.send(2, "no peer any more"), CK_OK);
  EXPECT_EQ(a.stats().dropped, 1u);
  ASSERT_EQ(b.send(1, "to one that forgot me"), CK_OK);
  ASSERT_EQ(a.send(3, "still here"), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.stats().dropped == 2 && c.received().size() == 1; }));
  EXPECT_THAT(a.received(), IsEmpty());
  EXPECT_EQ(a.stats(3).connects, 1u);  // the link that stayed was not touched

  ASSERT_EQ(a.setPeers({b.asPeer(), c.asPeer()}), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.stats(2).up == 1; }));
  ASSERT_EQ(a.send(2, "welcome back"), CK_OK);
  ASSERT_TRUE(net.until([&] { return !b.received().empty(); }));
  EXPECT_THAT(b.received(), ElementsAre(Message{1, CK_LANE_LOG, "welcome back"}));
}

TEST_P(PeersContract, AMemberWithoutAnIdIsRefusedAndNothingChanges) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  EXPECT_EQ(a.setPeers({{0, b.endpoint()}}), CK_INVALID);
  ASSERT_EQ(a.send(2, "still a peer"), CK_OK);
  ASSERT_TRUE(net.until([&] { return !b.received().empty(); }));
}

TEST_P(PeersContract, RemovingAPeerReleasesWhoWaitsForRoom) {
  Node& a = net.start(1, smallBulkQueue());
  fill(a, {2, freeEndpoint()}, CK_LANE_BULK);
  a.setPeers({});
  EXPECT_TRUE(net.until([&] { return a.writables(2, CK_LANE_BULK) == 1; }));
}

// The old run still answers at its address, like one that is thought dead.
TEST_P(PeersContract, S086_APeerMovesToAnotherAddressUnderTheSameId) {
  Node &a = net.start(1), &old = net.start(2);
  net.connect({&a, &old});
  Node& moved = net.start(2, listeningOn(freeEndpoint()));
  moved.setPeers({a.asPeer()});
  a.setPeers({moved.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.stats(2).connects >= 2 && a.stats(2).up == 1; }));
  constexpr std::uint32_t each = 20;
  for (std::uint32_t i = 0; i < each; ++i)
    for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane)
      ASSERT_EQ(a.send(2, "at your new place", lane), CK_OK);
  ASSERT_TRUE(net.until([&] { return moved.received().size() == std::size_t{each} * CK_LANE_COUNT; }));
  net.runFor(50ms);
  EXPECT_THAT(old.received(), IsEmpty());
}

// Its key tells who is the member now. (Without keys anybody who can connect may claim a member's id.)
TEST(KeyedPeers, S086_WhatComesFromTheOldAddressOfAPeerThatMovedIsDropped) {
  Network net("zmq");
  const auto keyOf = [](char digit) { return Options{{"secret_key", std::string(40, digit)}}; };
  Node &a = net.start(1, keyOf('1')), &old = net.start(2, keyOf('2'));
  net.connect({&a, &old});
  ASSERT_EQ(old.send(1, "as long as it is the member"), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.received().size() == 1; }));

  Node& moved = net.start(2, keyOf('3'));
  moved.setPeers({a.asPeer()});
  a.setPeers({moved.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.sees(2) && moved.sees(1) && a.stats(2).connects >= 2; }));
  const std::uint64_t dropped = a.stats().dropped;
  for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane) old.send(1, "from the old place", lane);
  ASSERT_EQ(a.send(2, "to the new one"), CK_OK);
  ASSERT_EQ(moved.send(1, "from the new place"), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.received().size() == 2 && !moved.received().empty(); }));
  EXPECT_TRUE(net.until([&] { return a.stats().dropped > dropped; })) << "and counted";
  net.runFor(50ms);
  EXPECT_EQ(a.received().back().bytes, "from the new place");
  EXPECT_EQ(a.received().size(), 2u);
  EXPECT_THAT(old.received(), IsEmpty());
}

TEST_P(PeersContract, S112_ARestartedPeerIsReachedAgainSoon) {
  Node &a = net.start(1), &b = net.start(2, listeningOn(freeEndpoint()));
  net.connect({&a, &b});
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(a.send(2, "before"), CK_OK);
    ASSERT_EQ(b.send(1, "before"), CK_OK);
  }
  ASSERT_TRUE(net.until([&] { return a.received().size() == 20 && b.received().size() == 20; }));

  Node& again = net.restart(b);
  const auto restarted = std::chrono::steady_clock::now();
  again.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] {
    // As consensus does: repeat, with a short life, until something comes through, in both directions.
    a.send(2, "after", CK_LANE_CONTROL, a.now() + 10'000'000);
    again.send(1, "after", CK_LANE_CONTROL, a.now() + 10'000'000);
    return !again.received().empty() && a.received().size() > 20;
  }));
  const auto outage = std::chrono::steady_clock::now() - restarted;
  EXPECT_LT(outage, 600ms) << "two election timeouts of 300 ms";
  EXPECT_TRUE(net.until([&] { return a.stats(2).connects == 2; }));
}

TEST_P(PeersContract, AStopInFlightCompletesAndNothingComesAfterIt) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  for (int i = 0; i < 2000; ++i) a.send(2, std::string(1000, 'x'));
  for (int i = 0; i < 2000; ++i) b.send(1, std::string(1000, 'y'));
  net.stop(a);
  const std::size_t seen = a.received().size();
  b.send(1, "after the stop");
  net.runFor(50ms);
  EXPECT_EQ(a.received().size(), seen);
  EXPECT_EQ(a.send(2, "from the grave"), CK_UNAVAILABLE);
  EXPECT_EQ(a.setPeers({b.asPeer()}), CK_UNAVAILABLE);
  EXPECT_TRUE(net.until([&] { return !b.sees(1); }));
}

TEST_P(PeersContract, AfterAStopTheAddressIsFreeAtOnce) {
  Node& a = net.start(1, listeningOn(freeEndpoint()));
  for (int i = 0; i < 10; ++i) {
    Node& next = net.make(1, listeningOn(a.endpoint()));
    EXPECT_EQ(next.start().status, CK_CONFLICT);
    net.destroy(next);
  }
  const std::string endpoint = a.endpoint();
  net.stop(a);
  Node& next = net.make(1, listeningOn(endpoint));
  const Node::Started started = next.start();
  EXPECT_EQ(started.status, CK_OK) << started.error;
}

TEST_P(PeersContract, WithoutAStartOrAMemberIdThereIsNoService) {
  Node& a = net.make(0);
  EXPECT_EQ(a.start().status, CK_INVALID);
  EXPECT_EQ(a.setPeers({}), CK_UNAVAILABLE);
  EXPECT_EQ(a.send(2, "x"), CK_UNAVAILABLE);
  const ck_token token = a.beginStop();
  EXPECT_TRUE(net.until([&] { return a.stopped(token); }));
}

TEST_P(PeersContract, ManyStartsAndDestroysLeaveNothingBehind) {
  for (std::uint64_t i = 1; i <= 30; ++i) {
    Node &a = net.start(2 * i), &b = net.start(2 * i + 1);
    a.setPeers({b.asPeer()});
    b.setPeers({a.asPeer()});
    a.send(b.member(), "x");
    net.destroy(a);  // without a stop
    net.destroy(b);
  }
  Node &a = net.start(1001), &b = net.start(1002);
  net.connect({&a, &b});
}

TEST_P(PeersContract, TheFileSaysWhatItIs) {
  const PluginFile file(std::string(CLUSTERKIT_PLUGINS) + "/transport-" + GetParam() + ".so", GetParam());
  EXPECT_STREQ(file.component().kind, CK_TRANSPORT_KIND);
  EXPECT_EQ(file.component().size, sizeof(ck_component));
  EXPECT_EQ(file.entry().abi_major, CK_ABI_MAJOR);
  EXPECT_EQ(file.component().iface(nullptr, "clusterkit.no-such/1"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Transports, PeersContract, testing::Values("inproc", "zmq"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace clusterkit::contract
