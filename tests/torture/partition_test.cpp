// A network that parts without telling anybody: who serves, who refuses, and what is left when it heals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "torture/own_network.hpp"

namespace clusterkit::test {
namespace {

// Three nodes, each on a host of its own. The stories are one after the other in one process, each in a
// network of its own.
class Partition : public testing::Test {
 protected:
  void SetUp() override {
    if (!network_.works()) GTEST_SKIP() << OwnNetwork::kNeeds;
    for (std::size_t number = 1; number <= 3; ++number)
      cluster_.add({}, Format::ini, network_.host(number)).start();
    ASSERT_TRUE(
        eventually([&] { return node(1).ready() && cluster_.allActive(3) && cluster_.balanced(3); }, 20s));
  }

  TestNode& node(std::size_t number) { return cluster_.node(number); }
  std::size_t leader() {
    const std::string id = cluster_.leader().id();
    return id == "node-1" ? 1 : id == "node-2" ? 2 : 3;
  }
  std::uint64_t term(std::size_t number) {
    return node(number).json("/v1/status")->optValue<std::uint64_t>("term", 0);
  }

  OwnNetwork network_{3};
  TestCluster cluster_;
};

TEST_F(Partition, ALeaderThatIsCutOffServesNothingOldAndTheOthersGoOn) {
  ASSERT_EQ(node(1).put("k", "old").status, 200);
  const std::size_t old = leader(), other = old % 3 + 1;
  network_.isolate(old);
  ASSERT_TRUE(eventually([&] { return node(other).put("k", "new").status == 200; }));

  const HttpAnswer read = node(old).get("/v1/kv/k");
  EXPECT_EQ(read.status, 503) << read.body;
  EXPECT_NE(node(old).put("k", "lost").status, 200);
  EXPECT_EQ(node(old).get("/v1/kv/k?consistency=local").body, "old");
  EXPECT_EQ(node(other).value("k"), "new");

  network_.mend();
  EXPECT_TRUE(eventually([&] { return node(old).value("k") == "new"; }));
}

TEST_F(Partition, ANodeThatWasCutOffComesBackWithoutAnElection) {
  const std::size_t leads = leader(), follower = leads % 3 + 1, other = follower % 3 + 1;
  const std::uint64_t before = term(leads);
  network_.isolate(follower);
  ASSERT_TRUE(eventually([&] { return node(leads).status(node(follower).id()) == "down"; }));
  ASSERT_EQ(node(other).put("meanwhile", "1").status, 200);

  network_.mend();
  EXPECT_TRUE(eventually([&] { return node(follower).value("meanwhile") == "1"; }));
  EXPECT_TRUE(eventually([&] { return node(leads).status(node(follower).id()) == "active"; }));
  EXPECT_EQ(leader(), leads);
  EXPECT_EQ(term(leads), before);
}

// Nobody can tell it that there is another leader: it has to find out by itself that it leads nobody.
TEST_F(Partition, ALeaderThatHearsNobodyStepsDownAndTheOthersElect) {
  const std::size_t deaf = leader(), other = deaf % 3 + 1;
  for (std::size_t from = 1; from <= 3; ++from)
    if (from != deaf) network_.cut(from, deaf);
  EXPECT_TRUE(eventually([&] { return node(other).put("after", "1").status == 200; }));
  EXPECT_NE(node(other).leader(), node(deaf).id());
  EXPECT_TRUE(eventually([&] { return node(deaf).leader().empty(); }));

  network_.mend();
  EXPECT_TRUE(eventually([&] { return node(deaf).value("after") == "1"; }));
}

// Two nodes cannot hear each other, and the third hears both. It has a leader, so it does not help the other
// to become one, and it is asked by the leader whether the silent one lives (SWIM, DSN 2002, section 3).
TEST_F(Partition, WithOneLinkGoneTheLeaderStaysAndNobodyIsThrownOut) {
  const std::size_t leads = leader(), lonely = leads % 3 + 1, middle = lonely % 3 + 1;
  const std::uint64_t before = term(leads);
  network_.cut(leads, lonely);
  network_.cut(lonely, leads);
  ASSERT_TRUE(eventually([&] { return node(lonely).leader().empty(); }));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(node(middle).put("k" + std::to_string(i), "v").status, 200) << "write " << i;
  EXPECT_EQ(node(lonely).put("k", "v").status, 503);
  EXPECT_EQ(node(middle).leader(), node(leads).id());
  EXPECT_EQ(node(middle).status(node(lonely).id()), "active");

  network_.mend();
  EXPECT_TRUE(eventually([&] { return node(lonely).value("k19") == "v"; }));
  EXPECT_EQ(term(leads), before);
}

}  // namespace
}  // namespace clusterkit::test
