// Every node is told of every change, with all fields, in the documented order.
#include <map>
#include <sstream>

#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {
namespace {

using testing::Not;

TEST_F(HookedCluster, TheFoundersHookIsToldOfEverythingFromItsOwnJoinOnWithAllFields) {
  TestNode& node = addHooked();
  ASSERT_TRUE(eventually([&] { return isDone(node); }, 20s));
  const auto told = hook(1).told();
  expectNoGap(told);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].type, "node_join");
  EXPECT_EQ(text(told[0].json, "is_bootstrap"), "true");
  EXPECT_EQ(text(told[0].json, "cluster_size"), "1");
  const auto changes = hook(1).told("partition_change");
  EXPECT_EQ(changes.size(), 64u);
  EXPECT_EQ(text(changes[0].json, "copy_to_node"), "node-1");
  EXPECT_EQ(text(changes[0].json, "new_primary"), "node-1");
}

TEST_F(HookedCluster, EveryNodeIsToldTheSameOfCrashReturnAndRebalanceInTheDocumentedOrder) {
  startThreeHooked({{"rebalance.grace", "60s"}});
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  TestNode& victim = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  TestNode& witness = cluster_.node(1);
  const std::uint64_t crashFrom = newest(witness) + 1;
  victim.kill9();
  ASSERT_TRUE(eventually([&] { return witness.status(victim.id()) == "down"; }, 20s));
  ASSERT_TRUE(eventually([&] { return isDone(witness); }, 20s));

  const auto left = hook(1).told("node_leave");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(text(left[0].json, "reason"), "health_check_failure");
  EXPECT_EQ(text(left[0].json->getObject("node"), "id"), victim.id());
  const auto owned = left[0].json->getArray("partitions_owned");
  EXPECT_GT(owned->size(), 0u);
  for (const Told& change : hook(1).told("partition_change")) {
    if (change.seq < crashFrom) continue;
    EXPECT_NE(text(change.json, "new_primary"), victim.id());
    EXPECT_GT(change.json->getArray("copy_from_nodes")->size(), 0u) << change.seq;
  }

  const std::uint64_t returnFrom = newest(witness) + 1;
  victim.start();
  ASSERT_TRUE(eventually([&] { return cluster_.allActive(3); }, 20s));
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  const auto back = hook(1).told("node_rejoin");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_GT(back[0].json->getValue<std::int64_t>("offline_duration_ms"), 1000);
  EXPECT_EQ(back[0].json->getArray("partitions_before_leave")->size(), 64u);
  const auto story1 = story(hook(1).told(), returnFrom);
  ASSERT_FALSE(story1.empty());
  EXPECT_EQ(story1[0], "node_rejoin") << "before any rebalance";

  const HttpAnswer byHand = witness.send({.method = "POST", .target = "/v1/rebalance"});
  if (byHand.status == 202) {
    ASSERT_TRUE(eventually([&] { return !hook(1).told("rebalance_complete").empty() && allDone(); }, 20s));
  }

  // The same events, byte for byte, on all nodes, as far back as each was there.
  std::map<std::uint64_t, std::string> first;
  for (const Told& event : hook(1).told()) {
    std::ostringstream out;
    event.json->stringify(out);
    first[event.seq] = out.str();
  }
  for (std::size_t n = 1; n <= 3; ++n) {
    const auto told = hook(n).told();
    expectNoGap(told);
    for (const Told& event : told) {
      std::ostringstream out;
      event.json->stringify(out);
      EXPECT_EQ(out.str(), first[event.seq]) << "node-" << n << ", event " << event.seq;
    }
  }
}

// Long enough away that its copies were placed anew, and back from another address: still the node that it
// was.
TEST_F(HookedCluster, ANodeThatWasEvictedAndReturnsFromANewAddressIsARejoinBeforeAnyRebalance) {
  startThreeHooked({{"rebalance.grace", "500ms"}, {"cluster.replication_factor", "2"}}, 2);
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  TestNode& victim = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  TestNode& witness = cluster_.node(1);
  std::size_t held = 0;
  for (const auto& [partition, owners] : witness.owners())
    held += static_cast<std::size_t>(std::count(owners.begin(), owners.end(), victim.id()));
  const std::uint64_t from = newest(witness) + 1;
  victim.kill9();
  const auto copiesElsewhere = [&] {
    for (const auto& [partition, owners] : witness.owners())
      if (owners.size() != 2 || std::count(owners.begin(), owners.end(), victim.id()) != 0) return false;
    return isDone(witness);
  };
  ASSERT_TRUE(eventually(copiesElsewhere, 20s));
  // Whoever becomes a new replica is told of the node that was promoted, and never of the dead one.
  std::size_t newReplicas = 0;
  for (const Told& change : hook(1).told("partition_change")) {
    if (change.seq < from || text(change.json, "change_reason") != "rebalance") continue;
    // The same plan may level primaries among those who hold copies already.
    if (text(change.json, "old_primary") != text(change.json, "new_primary")) {
      EXPECT_NE(text(change.json, "new_primary"), victim.id());
      continue;
    }
    ++newReplicas;
    const auto sources = change.json->getArray("copy_from_nodes");
    ASSERT_EQ(sources->size(), 1u) << change.seq;
    EXPECT_EQ(sources->getElement<std::string>(0), text(change.json, "new_primary"));
    EXPECT_NE(sources->getElement<std::string>(0), victim.id());
    EXPECT_NE(text(change.json, "copy_to_node"), "");
  }
  EXPECT_EQ(newReplicas, held);

  const std::uint64_t returnFrom = newest(witness) + 1;
  victim.set("transport.listen", "127.0.0.1:" + std::to_string(freePort()));
  victim.start();
  ASSERT_TRUE(eventually([&] { return cluster_.balanced(3, 2) && allDone(); }, 30s));
  const auto back = hook(1).told("node_rejoin");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_GT(back[0].json->getValue<std::int64_t>("offline_duration_ms"), 1000);
  EXPECT_EQ(back[0].json->getArray("partitions_before_leave")->size(), held);
  const auto told = story(hook(1).told(), returnFrom);
  EXPECT_EQ(told.front(), "node_rejoin");
  const auto first = [&](const char* type) {
    return std::find(told.begin(), told.end(), type) - told.begin();
  };
  EXPECT_LT(first("rebalance_start"), first("partition_change"));
  EXPECT_LT(first("partition_change"), first("rebalance_complete"));
}

TEST_F(HookedCluster, DrainAndRemovalAreToldWithTheirReasons) {
  startThreeHooked();
  TestNode& gone = cluster_.leader().id() == "node-3" ? cluster_.node(2) : cluster_.node(3);
  ASSERT_TRUE(eventually([&] { return allDone(); }, 20s));
  ASSERT_EQ(cluster_.leader()
                    .send({.method = "DELETE", .target = "/v1/nodes/" + gone.id() + "?lose_last_copies=true"})
                    .status /
                100,
            2);
  TestNode& witness = cluster_.node(1);
  ASSERT_TRUE(eventually([&] { return !hook(1).told("node_leave").empty(); }, 20s));
  EXPECT_EQ(text(hook(1).told("node_leave")[0].json, "reason"), "removed_by_admin");
  ASSERT_TRUE(eventually([&] { return isDone(witness); }, 20s));
  expectNoGap(hook(1).told());
}

// Its copies wait for a report that nobody sends: the stop does not, and the node that is started again
// stays.
TEST_F(HookedCluster, ADepartureThatTakesTooLongIsTakenBack) {
  for (std::size_t n = 1; n <= 3; ++n) {
    addHooked({{"node.leave_on_stop", "true"},
               {"rebalance.handoff", "acknowledged"},
               {"cluster.replication_factor", "1"}});
    ASSERT_TRUE(eventually([&] { return cluster_.allActive(n); }, 20s));
  }
  TestNode& node = cluster_.node(1);  // it holds everything
  EXPECT_EQ(node.stop(), 0) << "within the 5 s of a stop";
  EXPECT_THAT(node.log(), testing::HasSubstr("not_left"));
  node.start();
  ASSERT_TRUE(eventually([&] { return cluster_.node(2).status("node-1") == "active"; }, 20s));
}

TEST_F(HookedCluster, ADrainedNodeLeavesAndADepartingOneDoesSoOnSigterm) {
  startThreeHooked({{"node.leave_on_stop", "true"}});
  TestNode& leader = cluster_.leader();
  TestNode& witness = leader.id() == "node-1" ? cluster_.node(2) : cluster_.node(1);
  Hook& told = *hooks_[witness.id() == "node-1" ? 0 : 1];
  EXPECT_EQ(leader.stop(), 0) << "within the 5 s of a stop";
  ASSERT_TRUE(eventually([&] { return witness.status(leader.id()) == "left"; }, 20s));
  ASSERT_TRUE(eventually([&] { return !told.told("node_leave").empty(); }, 20s));
  EXPECT_EQ(text(told.told("node_leave")[0].json, "reason"), "graceful_shutdown");
  for (const auto& [partition, owners] : witness.owners())
    EXPECT_THAT(owners, Not(testing::Contains(leader.id()))) << partition;

  leader.start();
  ASSERT_TRUE(eventually([&] { return witness.status(leader.id()) == "active"; }, 20s));
  ASSERT_TRUE(eventually([&] { return cluster_.balanced(3); }, 20s)) << "it has its share again";
  EXPECT_EQ(told.told("node_rejoin").size(), 1u);

  ASSERT_EQ(witness.send({.method = "POST", .target = "/v1/nodes/node-3/drain"}).status, 200);
  if (leader.id() != "node-3") {
    ASSERT_TRUE(eventually([&] { return witness.status("node-3") == "left"; }, 20s));
  }
}

}  // namespace
}  // namespace clusterkit::test
