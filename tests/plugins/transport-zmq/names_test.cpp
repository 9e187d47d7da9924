// Peers that are given by name instead of by number.
#include "zmq_network.hpp"

namespace clusterkit::zmq {
namespace {

class Names : public ZmqNetwork {};

TEST_F(Names, APeerGivenByNameIsLookedUpAndReached) {
  Node &a = net.start(1), &b = net.start(2);
  a.setPeers({{2, "localhost:" + std::to_string(portOf(b))}});
  b.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.sees(2); }));
  EXPECT_TRUE(passes(a, b));
}

TEST_F(Names, ANameThatDoesNotExistIsToldOnce) {
  Node& a = net.start(1);
  a.setPeers({{2, "no-such-host.invalid:7000"}});
  ASSERT_TRUE(net.until([&] { return !a.news().empty(); }));
  EXPECT_EQ(a.news().front().status, CK_NOT_FOUND);
  EXPECT_THAT(a.news().front().why, testing::HasSubstr("no-such-host.invalid"));
}

TEST_F(Names, AnAddressThatIsNoneIsToldAndTheOtherPeersWork) {
  Node &a = net.start(1), &b = net.start(2);
  ASSERT_EQ(a.setPeers({b.asPeer(), {3, "not an address"}, {4, ""}}), CK_OK);
  b.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.sees(2) && a.news().size() == 3; }));
  EXPECT_TRUE(passes(a, b));
  EXPECT_EQ(a.stats(3).up, 0);
}

TEST_F(Names, Ipv6AddressesStandInBrackets) {
  Node& a = net.make(1, {{"listen", "[::1]:0"}});
  if (a.start().status != CK_OK) GTEST_SKIP() << "this machine has no IPv6 loopback";
  EXPECT_THAT(a.endpoint(), testing::MatchesRegex("\\[::1\\]:[1-9][0-9]+"));
  Node& b = net.start(2, {{"listen", "[::1]:0"}});
  net.connect({&a, &b});
  EXPECT_TRUE(passes(a, b));
}

}  // namespace
}  // namespace clusterkit::zmq
