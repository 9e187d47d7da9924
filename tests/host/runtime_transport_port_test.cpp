#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using test::self;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char consensusMark = '\x01', coreMark = '\x02';

struct TransportPortOfNode : ::testing::Test {
  TransportPortOfNode() {
    node.startAll();
    fake = node.transport.object;
    raft = node.consensus.object;
    transport().onMessage([this](MemberId from, Lane, Buffer message) {
      received.push_back(std::to_string(from.value) + ":" + std::string(message.bytes()));
    });
    transport().onPeer([this](MemberId member, bool up) { peers.emplace_back(member.value, up); });
  }
  ~TransportPortOfNode() override {
    bool over = false;
    node.stack->stop(1s, [&](StopReport) { over = true; });
    node.scheduler.runUntil([&] { return over; }, 10s);
  }
  TransportPort& transport() { return node.stack->transport(); }

  FakeNode node;
  test::FakeTransport* fake;
  test::FakeConsensus* raft;
  std::vector<std::string> received;
  std::vector<std::pair<std::uint64_t, bool>> peers;
};

TEST_F(TransportPortOfNode, MembersAndCandidatesAreOneDeclarationWithoutTheLocalNode) {
  transport().addCandidate({MemberId(30), "c:1", ""});
  raft->declareMembers({self.value, 20, 30});
  raft->declareMembers({self.value, 20, 30});
  transport().removeCandidate(MemberId(30));
  raft->declareMembers({self.value, 20});
  node.scheduler.runFor(TransportPort::kFarewell);
  EXPECT_THAT(node.transport.peers,
              ElementsAre(ElementsAre(30), ElementsAre(20, 30), ElementsAre(20, 30), ElementsAre(20)))
      << "a member is where it says that it is until that is settled";
}

TEST_F(TransportPortOfNode, AChangedEndpointIsDeclaredAnew) {
  transport().addCandidate({MemberId(30), "c:1", ""});
  transport().addCandidate({MemberId(30), "c:1", ""});
  EXPECT_EQ(node.transport.peers.size(), 1U);
  transport().addCandidate({MemberId(30), "c:2", ""});
  EXPECT_EQ(node.transport.peers.size(), 2U);
}

TEST_F(TransportPortOfNode, EachChannelGetsItsOwnMessagesWithoutTheMark) {
  fake->receive(20, std::string("vote") + consensusMark);
  fake->receive(20, std::string("probe") + coreMark);
  fake->receive(20, std::string(1, coreMark));
  EXPECT_TRUE(received.empty()) << "never inside the upcall";
  node.settle();
  EXPECT_THAT(node.consensus.messages, ElementsAre("20:vote"));
  EXPECT_THAT(received, ElementsAre("20:probe", "20:"));
}

TEST_F(TransportPortOfNode, BytesAreHandedOnWhereTheyAreAndDroppedOnce) {
  struct Owner {
    std::string bytes;
    int drops = 0;
  } owner{std::string("payload") + coreMark};
  const void* seen = nullptr;
  transport().onMessage([&](MemberId, Lane, Buffer message) {
    seen = message.bytes().data();
    EXPECT_EQ(message.bytes(), "payload");
  });
  fake->receive(
      20, Buffer(ck_buf{reinterpret_cast<const std::uint8_t*>(owner.bytes.data()), owner.bytes.size(), &owner,
                        [](ck_buf* b) noexcept { ++static_cast<Owner*>(b->owner)->drops; }}));
  node.settle();
  EXPECT_EQ(seen, owner.bytes.data());
  EXPECT_EQ(owner.drops, 1);
}

TEST_F(TransportPortOfNode, MessagesWithoutAMarkAreDropped) {
  fake->receive(20, "whatever");
  fake->receive(20, std::string());
  node.settle();
  EXPECT_TRUE(received.empty());
  EXPECT_TRUE(node.consensus.messages.empty());
}

TEST_F(TransportPortOfNode, TheCoreSendsToDeclaredPeersWithItsMark) {
  EXPECT_EQ(transport().send({MemberId(30), Lane::Control, "probe"}), Status::NotFound);
  transport().addCandidate({MemberId(30), "c:1", ""});
  EXPECT_EQ(transport().send({MemberId(30), Lane::Control, "probe"}), Status::Ok);
  EXPECT_THAT(node.transport.sent, ElementsAre(Pair(30, std::string("probe") + coreMark)));
  EXPECT_EQ(transport().maxMessage(), 1023U);
  EXPECT_EQ(transport().send({MemberId(30), Lane::Control, std::string(1024, 'x')}), Status::Invalid);
  node.transport.send = CK_AGAIN;
  EXPECT_EQ(transport().send({MemberId(30), Lane::Control, "probe"}), Status::Again);
}

TEST_F(TransportPortOfNode, TheConsensusSendsManyMessagesOfManyPartsInOneCall) {
  const ck_span parts[] = {span("ab"), span("cd"), span("ef")};
  std::vector<ck_message> messages;
  for (std::uint64_t i = 0; i < 3; ++i)
    messages.push_back({sizeof(ck_message), CK_LANE_LOG, 20 + i, 0, parts, i});
  std::uint64_t accepted = 0;
  ASSERT_EQ(raft->transport->send(raft->transportSelf, messages.data(), messages.size(), &accepted), CK_OK);
  EXPECT_EQ(accepted, 3U);
  const std::string mark(1, consensusMark);
  EXPECT_THAT(node.transport.sent,
              ElementsAre(Pair(20, mark), Pair(21, "ab" + mark), Pair(22, "abcd" + mark)));
  EXPECT_EQ(raft->transport->max_message(raft->transportSelf), 1023U);
}

TEST_F(TransportPortOfNode, TheProxyRefusesBrokenMessagesAndWhatIsTheHosts) {
  std::uint64_t accepted = 7;
  ck_message message{sizeof(ck_message), CK_LANE_LOG, 20, 0, nullptr, 1};
  const ck_transport_1* const t = raft->transport;
  EXPECT_EQ(t->send(raft->transportSelf, &message, 1, &accepted), CK_INVALID) << "parts are null";
  EXPECT_EQ(accepted, 0U);
  message.part_count = 0;
  message.lane = CK_LANE_COUNT;
  EXPECT_EQ(t->send(raft->transportSelf, &message, 1, &accepted), CK_INVALID) << "unknown lane";
  EXPECT_EQ(t->send(raft->transportSelf, nullptr, 1, &accepted), CK_INVALID);
  EXPECT_EQ(t->send(raft->transportSelf, &message, 1, nullptr), CK_INVALID);
  EXPECT_EQ(t->set_peers(raft->transportSelf, nullptr, 0), CK_DENIED);
  EXPECT_EQ(t->stats(raft->transportSelf, 20, nullptr), CK_INVALID);
  ck_error error = makeError(CK_OK, "");
  EXPECT_EQ(t->start(raft->transportSelf, 1, nullptr, nullptr, &error), CK_DENIED);
  EXPECT_STREQ(error.msg, "only the host starts the transport");
  EXPECT_EQ(node.stack->faults(), 7U);
  EXPECT_TRUE(node.transport.sent.empty());
}

TEST_F(TransportPortOfNode, PeersThatComeAndGoAreToldToBothOnceEach) {
  raft->declareMembers({self.value, 20});
  fake->peer(20, true);
  fake->peer(20, true);
  node.settle();
  EXPECT_TRUE(transport().isUp(MemberId(20)));
  fake->peer(20, false);
  node.settle();
  EXPECT_FALSE(transport().isUp(MemberId(20)));
  EXPECT_THAT(peers, ElementsAre(Pair(20, true), Pair(20, false)));
  EXPECT_EQ(node.consensus.peerChanges, peers);
}

TEST_F(TransportPortOfNode, APeerThatIsNoMoreDeclaredIsDown) {
  transport().addCandidate({MemberId(20), "b:1", ""});
  fake->peer(20, true);
  node.settle();
  transport().removeCandidate(MemberId(20));
  EXPECT_THAT(peers, ElementsAre(Pair(20, true), Pair(20, false)));
}

TEST_F(TransportPortOfNode, WhyAPeerWasNeverUpIsLoggedOnceAndKept) {
  transport().addCandidate({MemberId(20), "b:1", ""});
  fake->unreachable(20, "it has no key");
  fake->unreachable(20, "it has no key");
  fake->unreachable(30, "nobody has asked for it");
  node.settle();
  EXPECT_EQ(transport().whyDown(MemberId(20)), "it has no key");
  EXPECT_EQ(transport().whyDown(MemberId(30)), "");
  transport().removeCandidate(MemberId(20));
  EXPECT_EQ(transport().whyDown(MemberId(20)), "");
  transport().addCandidate({MemberId(20), "b:1", ""});
  fake->unreachable(20, "it has no key");
  node.settle();
  EXPECT_EQ(transport().whyDown(MemberId(20)), "it has no key");
  EXPECT_EQ(node.log.count("peer_unreachable"), 1U) << "it tries again and again";
  EXPECT_TRUE(peers.empty()) << "it was down before";
  fake->peer(20, true);
  node.settle();
  EXPECT_EQ(transport().whyDown(MemberId(20)), "");
}

// A node that is asked to remove itself passes that on to the leader, whose answer comes after the removal.
TEST_F(TransportPortOfNode, AMemberThatHasLeftIsStillToldWhatItAskedForAndIsThenForgotten) {
  raft->declareMembers({self.value, 20, 30});
  fake->peer(20, true);
  node.settle();
  raft->declareMembers({self.value, 30});
  EXPECT_EQ(transport().send({MemberId(20), Lane::Log, "done", {}}), Status::Ok);
  node.scheduler.runFor(TransportPort::kFarewell / 2);
  raft->declareMembers({self.value});
  node.scheduler.runFor(TransportPort::kFarewell * 3 / 4);
  EXPECT_EQ(transport().send({MemberId(20), Lane::Log, "late", {}}), Status::NotFound);
  EXPECT_THAT(peers, ElementsAre(Pair(20, true), Pair(20, false)));
  EXPECT_EQ(transport().send({MemberId(30), Lane::Log, "done", {}}), Status::Ok) << "it left later";
  node.scheduler.runFor(TransportPort::kFarewell);
  EXPECT_EQ(transport().send({MemberId(30), Lane::Log, "late", {}}), Status::NotFound);
}

TEST_F(TransportPortOfNode, AMemberThatComesBackAtOnceStays) {
  raft->declareMembers({self.value, 20});
  raft->declareMembers({self.value});
  raft->declareMembers({self.value, 20});
  node.scheduler.runFor(TransportPort::kFarewell * 2);
  EXPECT_EQ(transport().send({MemberId(20), Lane::Log, "hello", {}}), Status::Ok);
  EXPECT_EQ(node.transport.peers.size(), 1U) << "nothing has changed for the plugin";
}

TEST_F(TransportPortOfNode, StatisticsComeFromThePlugin) {
  const Result<ck_peer_stats> stats = transport().stats(MemberId(20));
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats.value().sent, 20U);
}

TEST_F(TransportPortOfNode, NonsenseFromThePluginIsItsFault) {
  fake->receive(0, "x");
  fake->peer(0, true);
  node.settle();
  EXPECT_EQ(node.stack->faults(), 2U);
}

}  // namespace
}  // namespace clusterkit
