// A node dies: who notices, who takes over, what goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

bool noPrimaryOn(TestNode& asked, const std::string& dead) {
  const auto owners = asked.owners();
  if (owners.empty()) return false;
  for (const auto& [partition, all] : owners)
    if (all.empty() || all.front() == dead) return false;
  return true;
}

TEST(Failure, OneOfThreeDiesAndTwoGoOn) {
  TestCluster cluster;
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode* follower = nullptr;
  for (TestNode* node : cluster.running())
    if (node->id() != leader.id()) follower = node;
  follower->kill9();

  EXPECT_TRUE(eventually([&] { return leader.status(follower->id()) == "down"; }));
  EXPECT_TRUE(eventually([&] { return noPrimaryOn(leader, follower->id()); }));
  EXPECT_EQ(leader.put("after", "death").status, 200);
  for (TestNode* node : cluster.running()) {
    EXPECT_TRUE(eventually([&] { return node->ready(); })) << node->id();
    EXPECT_EQ(node->value("after"), "death") << node->id();
    // Nobody else is thrown out, long after the first would have been.
    EXPECT_EQ(node->status(leader.id()), "active");
  }
  EXPECT_EQ(cluster.running().size(), 2u);
}

TEST(Failure, TheLeaderDiesAndWritesGoOn) {
  TestCluster cluster;
  cluster.startThree();
  ASSERT_EQ(cluster.node(1).put("before", "1").status, 200);
  const std::string old = cluster.leader().id();
  cluster.byId(old).kill9();
  TestNode& survivor = *cluster.running().front();
  EXPECT_TRUE(eventually([&] { return survivor.put("after", "2").status == 200; }));
  EXPECT_EQ(survivor.value("before"), "1");
  EXPECT_NE(survivor.leader(), old);
  EXPECT_TRUE(eventually([&] { return noPrimaryOn(survivor, old); }));
}

TEST(Failure, TimeoutsOfFiftyMillisecondsElectAndServe) {
  TestCluster cluster(Settings{{"consensus.heartbeat", "10ms"}, {"consensus.election_timeout", "50ms"}});
  cluster.startThree();
  const std::string old = cluster.leader().id();
  cluster.byId(old).kill9();
  TestNode& survivor = *cluster.running().front();
  EXPECT_TRUE(eventually([&] { return survivor.put("after", "2").status == 200; }));
  EXPECT_NE(survivor.leader(), old);
}

// Its timer is long over when it goes on, but nobody votes for it while a leader is heard.
TEST(Failure, AFollowerThatStoodStillComesBackWithoutAnElection) {
  TestCluster cluster(
      Settings{{"consensus.election_timeout", "1s"}});  // so long that a busy machine starts none
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode& follower = leader.id() == "node-3" ? cluster.node(2) : cluster.node(3);
  const auto term = [&] { return leader.json("/v1/status")->getValue<std::uint64_t>("term"); };
  const auto before = term();
  follower.process().signal(SIGSTOP);
  EXPECT_TRUE(eventually([&] { return leader.status(follower.id()) == "down"; }));
  ASSERT_EQ(leader.put("meanwhile", "1").status, 200);
  follower.process().signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return leader.status(follower.id()) == "active"; }));
  EXPECT_TRUE(eventually([&] { return follower.value("meanwhile") == "1"; }));
  EXPECT_EQ(leader.leader(), leader.id());
  EXPECT_EQ(term(), before);
}

TEST(Failure, ANodeThatComesBackInTimeFindsItsCopiesWhereTheyWere) {
  TestCluster cluster;
  cluster.startThree();
  TestNode* follower = cluster.leader().id() == "node-3" ? &cluster.node(2) : &cluster.node(3);
  const auto before = cluster.leader().owners();
  follower->kill9();
  ASSERT_TRUE(eventually([&] { return cluster.leader().status(follower->id()) == "down"; }));
  follower->start();
  ASSERT_TRUE(eventually([&] { return cluster.leader().status(follower->id()) == "active"; }));
  for (const auto& [partition, owners] : cluster.leader().owners())
    EXPECT_THAT(owners, testing::UnorderedElementsAreArray(before.at(partition))) << partition;
}

TEST(Failure, S109_WithoutQuorumWritesAreRefusedAndLookupsGoOn) {
  TestCluster cluster;
  cluster.startThree();
  ASSERT_EQ(cluster.node(1).put("k", "v").status, 200);
  cluster.node(2).kill9();
  cluster.node(3).kill9();
  TestNode& last = cluster.node(1);
  HttpAnswer answer;
  ASSERT_TRUE(eventually([&] {
    answer = last.put("k", "w");
    return answer.status == 503;
  }));
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("code":"no_leader")"));
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("outcome":"not_applied")"));
  EXPECT_TRUE(answer.headers.contains("retry-after"));
  const HttpAnswer read = last.get("/v1/kv/k");
  EXPECT_EQ(read.status, 503);
  EXPECT_THAT(read.body, testing::HasSubstr(R"("code":"no_leader")"));
  EXPECT_EQ(last.get("/v1/lookup?key=user:123").status, 200);
  EXPECT_EQ(last.get("/v1/kv/k?consistency=local").body, "v");
  EXPECT_EQ(last.get("/health").status, 200);

  cluster.node(2).start();
  EXPECT_TRUE(eventually([&] { return last.put("k", "w").status == 200; }));
  EXPECT_EQ(cluster.node(2).value("k"), "w");
}

// Messages of consensus that the transport did not take, because the lane to their receiver was full.
double refusedMessages(const TestNode& node) {
  const std::string text = node.get("/metrics").body, name = "raft_messages_refused";
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const std::size_t begin = text.rfind('\n', at) + 1, end = text.find('\n', at);
    const std::string line = text.substr(begin, end - begin);
    if (line.front() != '#') return std::stod(line.substr(line.rfind(' ')));
  }
  return 0;
}

// It stands still with its connections open, until nothing more fits into them.
TEST(Failure, S111_AFollowerThatTakesNothingHoldsUpNobodyAndIsSentTheRestLater) {
  TestCluster cluster(Settings{{"transport.log_queue", "64KiB"},
                               {"transport.heartbeat_interval", "10s"},
                               {"consensus.election_timeout", "1s"}});
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode& full = leader.id() == "node-3" ? cluster.node(2) : cluster.node(3);
  TestNode& other = leader.id() == "node-1" || full.id() == "node-1" ? cluster.node(2) : cluster.node(1);
  const auto term = [&] { return leader.json("/v1/status")->getValue<std::uint64_t>("term"); };
  const auto before = term();
  ASSERT_EQ(refusedMessages(leader), 0);
  full.process().signal(SIGSTOP);
  std::string last;
  for (int i = 0; i < 60 && refusedMessages(leader) == 0; ++i) {
    last = std::to_string(i) + std::string(900'000, 'v');
    ASSERT_EQ(leader.put("k/" + std::to_string(i % 10), last).status, 200) << "the other one is enough";
  }
  EXPECT_GT(refusedMessages(leader), 0) << "and it is counted";
  ASSERT_EQ(leader.put("last", last).status, 200);
  EXPECT_EQ(other.value("last"), last);

  full.process().signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return full.get("/v1/kv/last?consistency=local").body == last; }, 30s));
  EXPECT_EQ(term(), before);
}

std::uint64_t number(const HttpAnswer& answer, const std::string& header) {
  const auto found = answer.headers.find(header);
  EXPECT_NE(found, answer.headers.end()) << header;
  return found == answer.headers.end() ? 0 : std::stoull(found->second);
}

TEST(Failure, S095_ALocalReadOfACutOffNodeSaysHowFarItIsAndHowOld) {
  TestCluster cluster;
  cluster.startThree();
  const HttpAnswer written = cluster.node(1).put("k", "v");
  ASSERT_EQ(written.status, 200);
  const std::uint64_t index = number(written, "x-clusterkit-index");
  TestNode& last = cluster.node(1);
  const auto localRead = [&] { return last.get("/v1/kv/k?consistency=local"); };
  ASSERT_TRUE(eventually([&] { return localRead().body == "v"; }));
  cluster.node(2).kill9();
  cluster.node(3).kill9();
  ASSERT_TRUE(eventually([&] { return last.put("k", "w").status == 503; }));

  const HttpAnswer first = localRead();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, "v");
  EXPECT_GE(number(first, "x-clusterkit-index"), index) << "what was acknowledged is in it";
  const std::uint64_t age = number(first, "x-clusterkit-age-ms");
  HttpAnswer second;
  EXPECT_TRUE(eventually([&] {
    second = localRead();
    return number(second, "x-clusterkit-age-ms") >= age + 300;
  })) << "it has had no contact since";
  EXPECT_EQ(number(second, "x-clusterkit-index"), number(first, "x-clusterkit-index"));
  EXPECT_EQ(second.body, "v");

  cluster.node(2).start();
  EXPECT_TRUE(eventually([&] { return number(localRead(), "x-clusterkit-age-ms") < 300; }, 20s))
      << "and then it has again";
}

}  // namespace
}  // namespace clusterkit::test
