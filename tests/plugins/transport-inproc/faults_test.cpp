#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "contract/transport/network.hpp"
#include "faults.h"

namespace clusterkit::inproc {
namespace {

using namespace std::chrono_literals;
using contract::Network;
using contract::Node;
using testing::ElementsAre;
using testing::IsEmpty;

class Faults : public testing::Test {
 protected:
  static ck_link_faults none() { return {sizeof(ck_link_faults), 0, 0, 0, 0, 0}; }
  static const ck_transport_faults_1& tableOf(const Node& node) {
    return *node.extension<ck_transport_faults_1>(CK_TRANSPORT_FAULTS);
  }
  static std::vector<std::string> sendNumbers(Node& from, const Node& to, int count) {
    std::vector<std::string> sent;
    for (int i = 0; i < count; ++i) {
      sent.push_back(std::to_string(i));
      from.send(to.member(), sent.back());
    }
    return sent;
  }

  Network net{"inproc"};
};

TEST_F(Faults, ACutIsOneWayAndNobodyIsTold) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  ck_link_faults cut = none();
  cut.cut = 1;
  tableOf(a).set(a.self(), 1, 2, &cut);
  a.send(2, "lost");
  b.send(1, "arrives");
  ASSERT_TRUE(net.until([&] { return !a.received().empty(); }));
  EXPECT_THAT(b.received(), IsEmpty());
  EXPECT_TRUE(a.sees(2) && b.sees(1));

  tableOf(b).clear(b.self());
  a.send(2, "whole again");
  ASSERT_TRUE(net.until([&] { return !b.received().empty(); }));
  EXPECT_THAT(b.receivedOn(CK_LANE_LOG), ElementsAre("whole again"));
}

TEST_F(Faults, DropLosesAShareAndKeepsTheOrderOfTheRest) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  ck_link_faults lossy = none();
  lossy.drop_ppm = 300'000;
  tableOf(a).set_default(a.self(), &lossy);
  sendNumbers(a, b, 2000);
  tableOf(a).clear(a.self());
  a.send(2, "last");
  ASSERT_TRUE(net.until([&] { return !b.received().empty() && b.received().back().bytes == "last"; }));
  const auto got = b.receivedOn(CK_LANE_LOG);
  EXPECT_GT(got.size(), 1250u);
  EXPECT_LT(got.size(), 1550u);
  for (std::size_t i = 1; i + 1 < got.size(); ++i) EXPECT_LT(std::stoi(got[i - 1]), std::stoi(got[i]));
}

TEST_F(Faults, DuplicatesAndJitterDisturbButLoseNothing) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  ck_link_faults wild = none();
  wild.duplicate_ppm = 500'000;
  wild.jitter_ns = 5'000'000;
  tableOf(a).set(a.self(), 1, 2, &wild);
  const auto sent = sendNumbers(a, b, 500);
  const std::set<std::string> all(sent.begin(), sent.end());
  ASSERT_TRUE(net.until([&] {
    const auto got = b.receivedOn(CK_LANE_LOG);
    return std::set<std::string>(got.begin(), got.end()) == all;
  }));
  net.runFor(20ms);
  EXPECT_GT(b.received().size(), 650u);
  EXPECT_NE(b.receivedOn(CK_LANE_LOG), sent);
}

TEST_F(Faults, DelayHoldsEachMessageBackAndKeepsTheOrder) {
  Node &a = net.start(1), &b = net.start(2);
  net.connect({&a, &b});
  ck_link_faults slow = none();
  slow.delay_ns = 30'000'000;
  tableOf(a).set(a.self(), 1, 2, &slow);
  const std::uint64_t start = a.now();
  const auto sent = sendNumbers(a, b, 100);
  ASSERT_TRUE(net.until([&] { return b.received().size() == 100; }));
  EXPECT_GE(a.now() - start, 30'000'000u);
  EXPECT_EQ(b.receivedOn(CK_LANE_LOG), sent);
}

TEST_F(Faults, HubsAreSeparateNetworks) {
  Node &a = net.start(1, {{"hub", "one"}, {"listen", "x"}}),
       &b = net.start(2, {{"hub", "two"}, {"listen", "x"}});
  a.setPeers({{2, "x"}});
  net.runFor(20ms);
  EXPECT_FALSE(a.sees(2));
  EXPECT_EQ(b.stats().received, 0u);
}

TEST_F(Faults, TheSameSeedsGiveTheSameRun) {
  const auto run = [] {
    Network network("inproc");
    Node &a = network.start(1), &b = network.start(2);
    network.connect({&a, &b});
    ck_link_faults lossy = none();
    lossy.drop_ppm = 200'000;
    lossy.duplicate_ppm = 200'000;
    tableOf(a).set_default(a.self(), &lossy);
    sendNumbers(a, b, 300);
    tableOf(a).clear(a.self());
    a.send(2, "last");
    network.until([&] { return !b.received().empty() && b.received().back().bytes == "last"; });
    return b.receivedOn(CK_LANE_LOG);
  };
  const auto first = run();
  EXPECT_GT(first.size(), 100u);
  EXPECT_EQ(run(), first);
}

}  // namespace
}  // namespace clusterkit::inproc
