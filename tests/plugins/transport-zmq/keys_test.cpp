// CURVE: who may connect, and whose word counts.
#include <fstream>

#include "support/temp_dir.hpp"
#include "zmq_network.hpp"

namespace clusterkit::zmq {
namespace {

using test::frameBytes;
using test::KeyPairText;
using test::newKeys;
using test::Stranger;
using testing::ElementsAre;
using testing::IsEmpty;

class Keys : public ZmqNetwork {
 protected:
  Options with(const KeyPairText& keys, Options more = {}) {
    more["secret_key"] = keys.secretKey;
    return more;
  }
  const KeyPairText keysA = newKeys(), keysB = newKeys(), keysC = newKeys();
};

TEST_F(Keys, MessagesPassBetweenNodesThatKnowEachOthersKeys) {
  Node &a = net.start(1, with(keysA)), &b = net.start(2, with(keysB));
  EXPECT_EQ(a.key(), keysA.publicKey);
  net.connect({&a, &b});
  const std::string large(300'000, 'z');
  ASSERT_EQ(a.send(2, large, CK_LANE_BULK), CK_OK);
  ASSERT_EQ(b.send(1, "short", CK_LANE_CONTROL), CK_OK);
  ASSERT_TRUE(net.until([&] { return !a.received().empty() && !b.received().empty(); }));
  EXPECT_THAT(a.received(), ElementsAre(Message{2, CK_LANE_CONTROL, "short"}));
  EXPECT_THAT(b.received(), ElementsAre(Message{1, CK_LANE_BULK, large}));
}

TEST_F(Keys, AnUnknownKeyIsRefusedAtTheDoor) {
  Node &a = net.start(1, with(keysA)), &b = net.start(2, with(keysB)), &c = net.start(3, with(keysC));
  net.connect({&a, &b});
  c.setPeers({a.asPeer()});
  ASSERT_EQ(c.send(1, "let me in"), CK_OK);
  ASSERT_TRUE(net.until([&] { return !c.news().empty(); }));
  EXPECT_EQ(c.news().front().status, CK_DENIED);
  EXPECT_FALSE(c.news().front().up);
  EXPECT_GT(a.stats().dropped, 0u);
  EXPECT_THAT(a.received(), IsEmpty());
}

TEST_F(Keys, AnAuthorizedKeyMayConnectBeforeItIsAMember) {
  Node& joiner = net.start(2, with(keysB, {{"authorized_keys", keysA.publicKey}}));
  Node& leader = net.start(1, with(keysA));
  leader.setPeers({joiner.asPeer()});
  ASSERT_TRUE(net.until([&] { return leader.sees(2); }));
  ASSERT_EQ(leader.send(2, "too early"), CK_OK);
  ASSERT_TRUE(net.until([&] { return joiner.stats().dropped == 1; }));
  joiner.setPeers({leader.asPeer()});
  ASSERT_TRUE(passes(leader, joiner));
  EXPECT_EQ(joiner.received().front().bytes, "probe");
}

TEST_F(Keys, AMemberCannotSpeakForAnother) {
  Node &a = net.start(1, with(keysA)), &b = net.start(2, with(keysB)), &c = net.start(3, with(keysC));
  net.connect({&a, &b, &c});
  Stranger liar(a.endpoint(), "", {keysC.publicKey, keysC.secretKey, keysA.publicKey});
  ASSERT_TRUE(sends(liar, {frameBytes(3, 0, 2, 1, 9, 1, "I am 2")}));
  ASSERT_TRUE(sends(liar, {frameBytes(1, 0, 2, 1, 9, 1)}));
  ASSERT_TRUE(net.until([&] { return a.stats().dropped == 2; }));
  EXPECT_THAT(a.received(), IsEmpty());
  EXPECT_EQ(hears(liar, 100ms), "") << "nor is its hello answered";
}

TEST_F(Keys, AnotherKeyBehindTheAddressNeverComesUp) {
  Node &a = net.start(1, with(keysA)), &b = net.start(2, with(keysB));
  b.setPeers({a.asPeer()});
  a.setPeers({{2, b.endpoint(), keysC.publicKey}});
  ASSERT_EQ(a.send(2, "secret"), CK_OK);
  net.runFor(400ms);
  EXPECT_FALSE(a.sees(2));
  EXPECT_THAT(b.received(), IsEmpty());
  a.setPeers({b.asPeer()});
  EXPECT_TRUE(net.until([&] { return a.sees(2); }));
}

TEST_F(Keys, ARemovedMembersOpenConnectionIsDeafAtOnce) {
  Node &a = net.start(1, with(keysA)), &b = net.start(2, with(keysB));
  net.connect({&a, &b});
  a.setPeers({});
  ASSERT_EQ(b.send(1, "still here"), CK_OK);
  ASSERT_TRUE(net.until([&] { return a.stats().dropped >= 1; }));
  EXPECT_THAT(a.received(), IsEmpty());
}

TEST_F(Keys, PlainAndEncryptedNodesDoNotTalkAndSayWhy) {
  Node &a = net.start(1, with(keysA)), &plain = net.start(2);
  a.setPeers({plain.asPeer()});
  plain.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return !a.news().empty() && !plain.news().empty(); }));
  EXPECT_EQ(a.news().front().status, CK_INVALID);
  EXPECT_EQ(plain.news().front().status, CK_INVALID);
  Stranger stranger(a.endpoint());
  EXPECT_FALSE(sends(stranger, {frameBytes(1, 0, 77, 1, 1, 1)}));
}

TEST_F(Keys, KeysMayStandInFiles) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "secret.key").string();
  std::ofstream(path) << keysA.secretKey << "\n";
  Node& a = net.start(1, {{"secret_key_file", path}});
  EXPECT_EQ(a.key(), keysA.publicKey);
  EXPECT_THROW(net.make(2, {{"secret_key_file", path + ".none"}}), std::runtime_error);
}

TEST_F(Keys, WhatDoesNotBelongTogetherIsRefused) {
  EXPECT_THROW(net.make(1, {{"secret_key", "short"}}), std::runtime_error);
  EXPECT_THROW(net.make(1, {{"public_key", keysA.publicKey}}), std::runtime_error);
  EXPECT_THROW(net.make(1, with(keysA, {{"public_key", keysB.publicKey}})), std::runtime_error);
  EXPECT_THROW(net.make(1, {{"authorized_keys", keysA.publicKey}}), std::runtime_error);
  EXPECT_THROW(net.make(1, with(keysA, {{"authorized_keys", "nonsense"}})), std::runtime_error);
}

}  // namespace
}  // namespace clusterkit::zmq
