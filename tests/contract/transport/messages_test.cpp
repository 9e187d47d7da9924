// What happens to the messages themselves: bytes, order, limits, expiry.
#include "contract/transport/transport_contract.hpp"

namespace clusterkit::contract {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::IsEmpty;
using testing::SizeIs;

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

TEST_P(TransportContract, MessagesKeepTheirBoundariesAndBytes) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  std::vector<std::string> sent;
  for (const std::size_t size : {0u, 1u, 29u, 33u, 4096u, 8192u, 8193u, 300'000u, 5u})
    sent.push_back(pattern(size));
  for (const std::string& bytes : sent) ASSERT_EQ(a.send(2, bytes), CK_OK);
  ASSERT_TRUE(net.until([&] { return b.received().size() == sent.size(); }));
  EXPECT_THAT(b.receivedOn(CK_LANE_LOG), Eq(sent));
  EXPECT_EQ(b.received().front().from, 1u);
}

TEST_P(TransportContract, PartsOfOneMessageArriveJoined) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  const std::string head = "head-", body = pattern(1000), empty, tail = "-tail";
  const ck_span parts[] = {span(head), span(body), span(empty), {nullptr, 0}, span(tail)};
  std::uint64_t accepted = 0;
  ASSERT_EQ(a.sendAll({{sizeof(ck_message), CK_LANE_BULK, 2, 0, parts, 5}}, accepted), CK_OK);
  ASSERT_TRUE(net.until([&] { return !b.received().empty(); }));
  EXPECT_THAT(b.received(), ElementsAre(Message{1, CK_LANE_BULK, head + body + tail}));
}

TEST_P(TransportContract, EachLaneKeepsItsOrder) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  constexpr std::uint64_t count = 1000;
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < count; ++i) {
    expected.push_back(std::to_string(i));
    for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane)
      ASSERT_EQ(a.send(2, expected.back(), lane), CK_OK);
  }
  ASSERT_TRUE(net.until([&] { return b.received().size() == count * CK_LANE_COUNT; }));
  for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane) EXPECT_EQ(b.receivedOn(lane), expected);
}

TEST_P(TransportContract, BothDirectionsAndThreeNodesAtOnce) {
  Node &a = net.start(1), &b = net.start(2), &c = net.start(3);
  net.connect({&a, &b, &c});
  for (Node* from : {&a, &b, &c}) {
    for (Node* to : {&a, &b, &c}) {
      if (from == to) continue;
      ASSERT_EQ(from->send(to->member(), "from " + std::to_string(from->member())), CK_OK);
    }
  }
  ASSERT_TRUE(net.until(
      [&] { return a.received().size() == 2 && b.received().size() == 2 && c.received().size() == 2; }));
  EXPECT_THAT(c.received(), testing::UnorderedElementsAre(Message{1, CK_LANE_LOG, "from 1"},
                                                          Message{2, CK_LANE_LOG, "from 2"}));
}

TEST_P(TransportContract, TheLargestMessagePassesAndOneByteMoreIsRefused) {
  Node &a = net.start(1, {{"max_message", "1MiB"}}), &b = net.start(2, {{"max_message", "1MiB"}});
  net.connect({&a, &b});
  ASSERT_EQ(a.table().max_message(a.self()), 1u << 20);
  const std::string largest = pattern(1 << 20), tooLarge = largest + "x", small = "small";
  const ck_span parts[] = {span(largest), span(tooLarge), span(small)};
  std::vector<ck_message> messages;
  for (const ck_span& part : parts) messages.push_back({sizeof(ck_message), CK_LANE_BULK, 2, 0, &part, 1});
  std::uint64_t accepted = 99;
  EXPECT_EQ(a.sendAll(messages, accepted), CK_INVALID);
  EXPECT_EQ(accepted, 1u);
  ASSERT_EQ(a.send(2, small, CK_LANE_BULK), CK_OK);
  ASSERT_TRUE(net.until([&] { return b.received().size() == 2; }));
  EXPECT_THAT(b.receivedOn(CK_LANE_BULK), ElementsAre(largest, small));
}

TEST_P(TransportContract, AnUnknownLaneIsRefused) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  EXPECT_EQ(a.send(2, "x", CK_LANE_COUNT), CK_INVALID);
}

TEST_P(TransportContract, AMessageToAnUnknownPeerIsTakenAndCountedAsDropped) {
  Node& a = net.start(1);
  EXPECT_EQ(a.send(77, "nobody there"), CK_OK);
  EXPECT_EQ(a.stats().dropped, 1u);
  EXPECT_EQ(a.stats().sent, 0u);
}

TEST_P(TransportContract, AnExpiredMessageIsNotSent) {
  Node& a = net.start(1);
  const PeerOf b{2, freeEndpoint()};
  a.setPeers({b});
  const std::uint64_t soon = a.now() + 20'000'000;
  ASSERT_EQ(a.send(2, "expired already", CK_LANE_CONTROL, a.now() - 1), CK_OK);
  ASSERT_EQ(a.send(2, "expires while the peer is away", CK_LANE_CONTROL, soon), CK_OK);
  ASSERT_EQ(a.send(2, "never expires", CK_LANE_CONTROL), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.now() > soon; }));
  Node& late = net.start(2, listeningOn(b.endpoint));
  late.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return !late.received().empty(); }));
  EXPECT_THAT(late.received(), ElementsAre(Message{1, CK_LANE_CONTROL, "never expires"}));
  EXPECT_EQ(a.stats(2).dropped, 2u);
}

TEST_P(TransportContract, S111_FullLaneAnswersAgainAndTellsWhenItIsWritable) {
  Node& a = net.start(1, smallBulkQueue());
  const PeerOf b{2, freeEndpoint()};
  const std::uint64_t taken = fill(a, b, CK_LANE_BULK);
  ASSERT_GT(taken, 10u);
  ASSERT_LT(taken, 10'000u);
  EXPECT_EQ(a.send(2, "x", CK_LANE_BULK), CK_AGAIN);
  EXPECT_EQ(a.writables(2, CK_LANE_BULK), 0u);

  Node& late = net.start(2, listeningOn(b.endpoint));
  late.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.writables(2, CK_LANE_BULK) == 1; }));
  EXPECT_EQ(a.send(2, "again", CK_LANE_BULK), CK_OK);
  ASSERT_TRUE(net.until([&] { return late.received().size() == taken + 1; }));
  EXPECT_EQ(late.received().front().bytes, "message 0");
  EXPECT_EQ(late.received().back().bytes, "again");
}

TEST_P(TransportContract, APrefixOfABatchIsTakenWhenTheLaneFills) {
  Node& a = net.start(1, smallBulkQueue());
  a.setPeers({{2, freeEndpoint()}});
  const std::string bytes = pattern(20'000);
  const ck_span part = span(bytes);
  const std::vector<ck_message> messages(10, {sizeof(ck_message), CK_LANE_BULK, 2, 0, &part, 1});
  std::uint64_t accepted = 0;
  EXPECT_EQ(a.sendAll(messages, accepted), CK_AGAIN);
  EXPECT_EQ(accepted, 3u);
}

TEST_P(TransportContract, S111_AFullLaneBlocksNeitherOtherLanesNorOtherPeers) {
  Node &a = net.start(1, smallBulkQueue()), &c = net.start(3);
  const PeerOf absent{2, freeEndpoint()};
  const std::uint64_t taken = fill(a, absent, CK_LANE_BULK);
  EXPECT_EQ(a.send(2, "x", CK_LANE_BULK), CK_AGAIN);
  EXPECT_EQ(a.send(2, "beside the full one", CK_LANE_CONTROL), CK_OK);
  EXPECT_EQ(a.send(2, "beside it too", CK_LANE_LOG), CK_OK);
  a.setPeers({absent, c.asPeer()});
  c.setPeers({a.asPeer()});
  ASSERT_EQ(a.send(3, "to the living", CK_LANE_BULK), CK_OK);
  ASSERT_TRUE(net.until([&] { return !c.received().empty(); }));
  EXPECT_THAT(c.received(), ElementsAre(Message{1, CK_LANE_BULK, "to the living"}));

  Node& late = net.start(2, listeningOn(absent.endpoint));
  late.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return late.received().size() == taken + 2; }));
  EXPECT_THAT(late.receivedOn(CK_LANE_CONTROL), ElementsAre("beside the full one"));
  EXPECT_THAT(late.receivedOn(CK_LANE_LOG), ElementsAre("beside it too"));
}

TEST_P(TransportContract, ExpiredMessagesFreeAFullLane) {
  Node& a = net.start(1, smallBulkQueue());
  a.setPeers({{2, freeEndpoint()}});
  const std::uint64_t soon = a.now() + 30'000'000;
  while (a.send(2, pattern(1000), CK_LANE_BULK, soon) == CK_OK) continue;
  ASSERT_TRUE(net.until([&] { return a.writables(2, CK_LANE_BULK) == 1; }));
  EXPECT_EQ(a.send(2, "room again", CK_LANE_BULK), CK_OK);
}

TEST_P(TransportContract, StatsCountBothWays) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  ASSERT_EQ(a.send(2, "12345"), CK_OK);
  ASSERT_EQ(a.send(2, "678"), CK_OK);
  ASSERT_TRUE(net.until([&] { return b.received().size() == 2; }));
  const ck_peer_stats out = a.stats(2), in = b.stats(1);
  EXPECT_EQ(out.up, 1);
  EXPECT_EQ(out.connects, 1u);
  EXPECT_EQ(out.sent, 2u);
  EXPECT_EQ(out.sent_bytes, 8u);
  EXPECT_EQ(in.received, 2u);
  EXPECT_EQ(in.received_bytes, 8u);
  ck_peer_stats none{};
  none.size = sizeof none;
  EXPECT_EQ(a.table().stats(a.self(), 77, &none), CK_NOT_FOUND);
}

INSTANTIATE_TEST_SUITE_P(Transports, TransportContract, testing::Values("inproc", "zmq"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace clusterkit::contract
