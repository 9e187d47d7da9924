// Dead connections that nobody closes, restarts behind them, and what an idle node costs.
#include <sys/resource.h>

#include <thread>

#include "zmq_network.hpp"

namespace clusterkit::zmq {
namespace {

class Liveness : public ZmqNetwork {};

TEST_F(Liveness, ADeadConnectionIsNoticedWithinASecondAndReplaced) {
  Node &a = net.start(1), &b = net.start(2);
  const std::uint16_t port = test::freePort();
  test::TcpProxy proxy(port, portOf(b));
  a.setPeers({{2, local(port)}});
  b.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.sees(2) && b.sees(1); }));
  proxy.starveOpenConnections();
  ASSERT_TRUE(net.until([&] { return !a.sees(2); }, 3s));
  ASSERT_TRUE(net.until([&] { return a.sees(2); }, 3s));
  EXPECT_TRUE(passes(a, b));
}

TEST_F(Liveness, S112_ARestartBehindAHalfOpenConnectionResumesBeforeTwoElectionTimeouts) {
  Node &a = net.start(1), &b = net.start(2, {{"listen", local(test::freePort())}});
  const std::uint16_t port = test::freePort();
  test::TcpProxy proxy(port, portOf(b));
  const PeerOf bThroughProxy{2, local(port)};
  a.setPeers({bThroughProxy});
  b.setPeers({a.asPeer()});
  ASSERT_TRUE(net.until([&] { return a.sees(2) && b.sees(1); }));
  ASSERT_TRUE(passes(a, b));

  proxy.starveOpenConnections();  // a does not hear of b's end
  Node& again = net.restart(b);
  const auto restarted = std::chrono::steady_clock::now();
  again.setPeers({a.asPeer()});
  ASSERT_TRUE(passes(a, again));
  EXPECT_LT(std::chrono::steady_clock::now() - restarted, 600ms);
}

TEST_F(Liveness, AnAddressThatOnlySwallowsConnectionsIsTriedAgain) {
  Node &a = net.start(1), &b = net.start(2);
  const std::uint16_t port = test::freePort();
  auto swallower = std::make_unique<test::TcpProxy>(port, portOf(b));
  swallower->refuseNewConnections();
  a.setPeers({{2, local(port)}});
  b.setPeers({a.asPeer()});
  net.runFor(300ms);
  EXPECT_FALSE(a.sees(2));
  swallower.reset();
  test::TcpProxy proxy(port, portOf(b));
  EXPECT_TRUE(net.until([&] { return a.sees(2); }));
}

// ZMTP 3 with a mechanism that we do not speak: after such an answer libzmq never dials again by itself.
const std::string otherMechanism =
    std::string("\xFF\0\0\0\0\0\0\0\0\x7F\x03\0PLAIN", 17) + std::string(47, '\0');

TEST_F(Liveness, AForeignServerAtTheAddressIsNotTheEndOfTheLink) {
  Node& a = net.start(1);
  for (const std::string& greeting : {std::string("SSH-2.0-OpenSSH_9.2p1 Debian\r\n"), otherMechanism}) {
    const std::uint16_t port = test::freePort();
    {
      test::SpeakingServer server(port, greeting);
      a.setPeers({{2, local(port)}});
      ASSERT_TRUE(net.until([&] { return server.accepted() >= 3; }));
    }
    Node& b = net.start(2, {{"listen", local(port)}});
    EXPECT_TRUE(net.until([&] { return a.sees(2); }));
    net.destroy(b);
    ASSERT_TRUE(net.until([&] { return !a.sees(2); }));
  }
}

TEST_F(Liveness, LinksClosedInTheMiddleOfAHandshakeNeverStopTheOthers) {
  Node &a = net.start(1), &b = net.start(2);
  const std::uint16_t port = test::freePort();
  test::SpeakingServer server(port,
                              "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  b.setPeers({a.asPeer()});
  for (int round = 0; round < 150; ++round) {
    const int before = server.accepted();
    a.setPeers({b.asPeer(), {3, local(port)}});
    ASSERT_TRUE(net.until([&] { return server.accepted() > before; })) << "round " << round;
    a.setPeers({b.asPeer()});
  }
  ASSERT_TRUE(net.until([&] { return a.sees(2); }));
  EXPECT_EQ(a.stats(2).connects, 1u);
  EXPECT_TRUE(passes(a, b));
}

TEST_F(Liveness, ThreeIdleNodesNeedLessThanThreePercentOfACore) {
  Node &a = net.start(1), &b = net.start(2), &c = net.start(3);
  net.connect({&a, &b, &c});
  const auto cpu = [] {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  };
  const auto before = cpu();
  std::this_thread::sleep_for(2s);  // the time that is measured; the test's own loop must not run in it
  const auto used = std::chrono::duration_cast<std::chrono::milliseconds>(cpu() - before);
  RecordProperty("milliseconds", static_cast<int>(used.count()));
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  EXPECT_LT(used, 200ms);
#else
  EXPECT_LT(used, 60ms);
#endif
}

}  // namespace
}  // namespace clusterkit::zmq
