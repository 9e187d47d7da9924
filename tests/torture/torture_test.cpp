// Everything at once on real processes: clients that keep their histories, and a nemesis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "torture/clients.hpp"
#include "torture/followers.hpp"
#include "torture/guest.hpp"
#include "torture/nemesis.hpp"

namespace clusterkit::test {
namespace {

constexpr std::size_t kClients = 8, kFollowers = 3;

std::uint64_t fromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Snapshots are taken and sent all the time, and partitions move with every node that is away.
Settings restless() {
  return {{"consensus.snapshot_entries", "300"},
          {"consensus.trailing_entries", "50"},
          {"health.interval", "200ms"},
          {"rebalance.grace", "1s"}};
}

// All that was acknowledged has happened once, and everybody was told so.
void expectEvents(TestCluster& cluster, Followers& followers, const Clients& clients) {
  std::uint64_t newest = 0;
  ASSERT_TRUE(eventually([&] {
    newest = cluster.node(1).json("/v1/events")->optValue<std::uint64_t>("last_seq", 0);
    return newest > 0;
  }));
  EXPECT_TRUE(eventually([&] { return followers.slowest() >= newest; }, 60s))
      << followers.slowest() << " of " << newest;
  followers.stop();
  EXPECT_THAT(followers.wrong(), testing::IsEmpty());
  for (const KeyVersion& write : clients.written())
    EXPECT_EQ(followers.toldOf(write), 1u) << write.key << ", version " << write.version;
}

void expectSameState(TestCluster& cluster, std::size_t nodes) {
  const auto hash = [&](std::size_t number) {
    return cluster.node(number).json("/v1/status")->optValue<std::string>("state_hash", "");
  };
  EXPECT_TRUE(eventually(
      [&] {
        const std::string first = hash(1);
        bool same = !first.empty();
        for (std::size_t number = 2; same && number <= nodes; ++number) same = hash(number) == first;
        return same;
      },
      30s));
}

TEST(Torture, NothingThatClientsWereToldTurnsOutWrong) {
  const std::uint64_t nodes = fromEnvironment("CLUSTERKIT_TORTURE_NODES", 3);
  const std::chrono::seconds length(fromEnvironment("CLUSTERKIT_TORTURE_SECONDS", 20));
  const std::uint64_t seed = fromEnvironment("CLUSTERKIT_TORTURE_SEED", std::random_device()());
  std::cout << "seed " << seed << ", " << nodes << " nodes, " << length.count() << " s" << std::endl;

  OwnNetwork network(nodes + 1);
  if (!network.works()) {
    ASSERT_EQ(std::getenv("CLUSTERKIT_TORTURE_SECONDS"), nullptr)
        << OwnNetwork::kNeeds;  // somebody wants to see it
    GTEST_SKIP() << OwnNetwork::kNeeds;
  }
  TestCluster cluster(restless());
  std::vector<HttpServer> servers;
  for (std::size_t number = 1; number <= nodes; ++number)
    servers.push_back(cluster.add({}, Format::ini, network.host(number)).server());
  for (std::size_t number = 1; number <= nodes; ++number) cluster.node(number).start();
  ASSERT_TRUE(eventually([&] { return cluster.node(1).ready() && cluster.allActive(nodes); }, 30s));

  Clients clients(servers, kClients, seed);
  Followers followers(servers, kFollowers, seed);
  Guest guest(cluster.add({}, Format::ini, network.host(nodes + 1)), servers, seed);
  Nemesis nemesis(cluster, network, nodes, seed);
  for (const auto end = std::chrono::steady_clock::now() + length; std::chrono::steady_clock::now() < end;) {
    nemesis.strike();
    std::this_thread::sleep_for(nemesis.aWhile());
    nemesis.heal();
    std::this_thread::sleep_for(nemesis.aWhile());
  }
  clients.stop();
  guest.stop();
  EXPECT_THAT(nemesis.died(), testing::IsEmpty());
  EXPECT_TRUE(guest.leave());
  EXPECT_THAT(guest.wrong(), testing::IsEmpty());
  EXPECT_TRUE(guest.visits() > 0 || length < 1min);

  for (std::size_t number = 1; number <= nodes; ++number) {
    const TestNode& node = cluster.node(number);
    EXPECT_TRUE(eventually([&] { return node.put("torture", node.id()).status == 200; }, 30s)) << node.id();
    EXPECT_TRUE(clients.readAll(node.server())) << node.id();
  }
  expectSameState(cluster, nodes);
  expectEvents(cluster, followers, clients);
  const Judgement judgement = clients.judge();
  std::cout << judgement.histories << " histories of " << judgement.operations << " operations, "
            << judgement.open << " of them open, " << judgement.tooHard << " too hard to judge; "
            << nemesis.strikes() << " strikes; " << followers.slowest() << " events; " << guest.visits()
            << " visits" << std::endl;
  EXPECT_THAT(judgement.broken, testing::IsEmpty());
  EXPECT_LE(judgement.tooHard * 100, judgement.histories) << "they prove nothing";
  EXPECT_THAT(clients.strange(), testing::IsEmpty());
  EXPECT_GT(clients.answered(), 100u);
  // A sanitizer tells by the exit code what it has seen.
  for (std::size_t number = 1; number <= nodes; ++number) EXPECT_EQ(cluster.node(number).stop(), 0);
}

// The same clients and the same judge find what is wrong: reads of what a node happens to have.
TEST(Torture, ReadsThatMayBeOldAreFoundOut) {
  TestCluster cluster;
  cluster.startThree();
  std::vector<HttpServer> servers;
  for (const TestNode* node : cluster.running()) servers.push_back(node->server());
  std::vector<std::string> broken;
  for (std::uint64_t seed = 1; broken.empty() && seed <= 10; ++seed) {
    Clients clients(servers, kClients, seed, Reads::local);
    eventually([&] { return clients.answered() > 1000; });
    clients.stop();
    broken = clients.judge().broken;
  }
  EXPECT_THAT(broken, testing::Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace clusterkit::test
