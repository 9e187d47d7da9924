// All seven hooks with all fields, on every node, through everything that can happen to a member.
#include <set>

#include "e2e/event_fields.hpp"

namespace clusterkit::test {
namespace {

using testing::ElementsAre;
using testing::IsSupersetOf;

// What the hook of each node was told, from one moment of the story to the next.
class ClusterLife : public HookedCluster {
 protected:
  // The numbers of the nodes whose hooks are told, all four but these.
  static std::vector<std::size_t> allBut(const std::set<std::string>& out) {
    std::vector<std::size_t> numbers;
    for (std::size_t n = 1; n <= 4; ++n)
      if (!out.contains("node-" + std::to_string(n))) numbers.push_back(n);
    return numbers;
  }
  bool areDone(const std::vector<std::size_t>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(),
                       [&](std::size_t n) { return isDone(cluster_.node(n)); });
  }
  void waitForAll() {
    ASSERT_TRUE(eventually([&] { return allDone(); }, 30s)) << "every hook is told of everything";
  }
  void begin() {
    waitForAll();
    from_ = newest(witness()) + 1;
  }
  TestNode& witness() { return cluster_.node(1); }
  HttpAnswer post(const std::string& target) { return witness().send({.method = "POST", .target = target}); }
  std::vector<Told> since(std::size_t number) {
    std::vector<Told> out;
    for (Told& event : hook(number).told())
      if (event.seq >= from_) out.push_back(event);
    return out;
  }
  std::vector<Told> since(std::size_t number, const std::string& type) {
    std::vector<Told> out;
    for (Told& event : since(number))
      if (event.type == type) out.push_back(event);
    return out;
  }
  // The hooks of the original and their order, without what may come at any moment.
  std::vector<std::string> membershipStory(std::size_t number) {
    std::vector<std::string> out;
    for (const std::string& type : story(since(number), from_))
      if (type != "cluster_health_change" && type != "leader_change" && type != "partition_ready" &&
          type != "partition_released" && (out.empty() || out.back() != type))
        out.push_back(type);
    return out;
  }

  void formNodeByNode();
  void crash();
  void comeBack();
  void rebalanceByHand();
  void drain();
  void undrain();
  void remove();
  void expectAllFieldsOnAllNodes();

 private:
  std::uint64_t from_ = 1;  // the first event of the present chapter
  std::string victim_;
  std::chrono::steady_clock::time_point killedAt_;
};

void expectRebalanceSaysWhatItDoes(const std::vector<Told>& events, const std::string& trigger,
                                   const std::string& node) {
  std::size_t announced = 0;
  std::set<std::string> changed;
  for (const Told& event : events) {
    if (event.type == "partition_change" && text(event.json, "change_reason") == "rebalance")
      changed.insert(text(event.json, "partition_id"));
    if (event.type != "rebalance_start" && event.type != "rebalance_complete") continue;
    EXPECT_EQ(text(event.json, "trigger"), trigger);
    EXPECT_EQ(text(event.json, "trigger_node_id"), node);
    announced = event.json->getValue<std::size_t>("partitions_to_move");
  }
  EXPECT_GT(announced, 0u);
  EXPECT_EQ(changed.size(), announced) << "each partition that was announced, and no other, has changed";
}

void ClusterLife::formNodeByNode() {
  const Settings settings = {{"cluster.replication_factor", "2"}, {"rebalance.grace", "60s"}};
  addHooked(settings);
  for (std::size_t n = 2; n <= 4; ++n) {
    ASSERT_TRUE(eventually([&] { return cluster_.allActive(n - 1); }, 20s));
    begin();
    addHooked(settings);
    ASSERT_TRUE(eventually([&] { return cluster_.balanced(n, 2); }, 20s));
    waitForAll();
    for (std::size_t told = 1; told <= n; ++told) {
      EXPECT_THAT(membershipStory(told),
                  ElementsAre("node_join", "rebalance_start", "partition_change", "rebalance_complete"))
          << "node-" << told << ", join of node-" << n;
      expectRebalanceSaysWhatItDoes(since(told), "node_join", "node-" + std::to_string(n));
    }
  }
}

// A crash: what the dead node was primary of fails over at once, its copies wait for its return.
void ClusterLife::crash() {
  victim_ = cluster_.leader().id() == "node-4" ? "node-3" : "node-4";
  begin();
  cluster_.byId(victim_).kill9();
  killedAt_ = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([&] { return witness().status(victim_) == "down"; }, 20s));
  waitForAll();
  for (const std::size_t told : allBut({victim_})) {
    EXPECT_THAT(membershipStory(told), ElementsAre("node_leave", "partition_change")) << "node-" << told;
    const auto left = since(told, "node_leave");
    EXPECT_EQ(text(left[0].json, "reason"), "health_check_failure");
    EXPECT_EQ(left[0].json->getArray("partitions_owned")->size(), since(told, "partition_change").size());
    const auto health = since(told, "cluster_health_change");
    ASSERT_FALSE(health.empty());
    EXPECT_EQ(text(health.back().json, "status"), "degraded");
    EXPECT_EQ(health.back().json->getArray("unhealthy_node_ids")->getElement<std::string>(0), victim_);
  }
}

void ClusterLife::comeBack() {
  begin();
  using std::chrono::duration_cast, std::chrono::milliseconds;
  const auto away = duration_cast<milliseconds>(std::chrono::steady_clock::now() - killedAt_).count();
  cluster_.byId(victim_).start();
  ASSERT_TRUE(eventually([&] { return cluster_.allActive(4); }, 20s));
  const auto back = duration_cast<milliseconds>(std::chrono::steady_clock::now() - killedAt_).count();
  waitForAll();
  for (std::size_t told = 1; told <= 4; ++told) {
    EXPECT_THAT(membershipStory(told), ElementsAre("node_rejoin")) << "node-" << told;
    EXPECT_EQ(text(since(told, "cluster_health_change").back().json, "status"), "healthy");
    // Counted from when it was seen last, at most a probe before it died.
    const auto offline = since(told, "node_rejoin")[0].json->getValue<std::int64_t>("offline_duration_ms");
    EXPECT_GE(offline, away);
    EXPECT_LE(offline, back + 2000);
  }
}

void ClusterLife::rebalanceByHand() {
  begin();
  ASSERT_EQ(post("/v1/rebalance").status, 202) << "its primaries are elsewhere";
  ASSERT_TRUE(eventually([&] { return !since(1, "rebalance_complete").empty(); }, 20s));
  waitForAll();
  for (std::size_t told = 1; told <= 4; ++told) {
    EXPECT_THAT(membershipStory(told),
                ElementsAre("rebalance_start", "partition_change", "rebalance_complete"));
    expectRebalanceSaysWhatItDoes(since(told), "manual", "");
  }
}

// A drain moves the copies away first, then the node has left.
void ClusterLife::drain() {
  begin();
  ASSERT_EQ(post("/v1/nodes/" + victim_ + "/drain").status, 200);
  ASSERT_TRUE(eventually([&] { return witness().status(victim_) == "left"; }, 20s));
  const auto others = allBut({victim_});
  ASSERT_TRUE(eventually([&] { return areDone(others); }, 20s));
  for (const std::size_t told : others) {
    EXPECT_THAT(membershipStory(told),
                ElementsAre("rebalance_start", "partition_change", "rebalance_complete", "node_leave"));
    EXPECT_EQ(text(since(told, "node_leave")[0].json, "reason"), "graceful_shutdown");
  }
}

void ClusterLife::undrain() {
  begin();
  ASSERT_EQ(post("/v1/nodes/" + victim_ + "/undrain").status, 200);
  ASSERT_TRUE(eventually([&] { return cluster_.allActive(4) && cluster_.balanced(4, 2); }, 20s));
  waitForAll();
  for (std::size_t told = 1; told <= 4; ++told) {
    EXPECT_THAT(membershipStory(told),
                ElementsAre("node_rejoin", "rebalance_start", "partition_change", "rebalance_complete"))
        << "node-" << told;
    EXPECT_EQ(text(since(told, "node_rejoin")[0].json->getObject("node"), "id"), victim_);
  }
}

// A removal is at once, also of a node that runs.
void ClusterLife::remove() {
  const std::string leader = cluster_.leader().id();
  const std::string removed = leader != "node-3" ? "node-3" : "node-2";
  begin();
  ASSERT_EQ(witness().send({.method = "DELETE", .target = "/v1/nodes/" + removed}).status / 100, 2);
  ASSERT_TRUE(eventually([&] { return !since(1, "node_leave").empty(); }, 20s));
  const auto others = allBut({removed});
  ASSERT_TRUE(eventually([&] { return areDone(others); }, 20s));
  for (const std::size_t told : others) {
    EXPECT_EQ(membershipStory(told).front(), "node_leave");
    const auto left = since(told, "node_leave");
    ASSERT_EQ(left.size(), 1u) << "node-" << told;
    EXPECT_EQ(text(left[0].json, "reason"), "removed_by_admin");
    EXPECT_EQ(text(left[0].json->getObject("node"), "id"), removed);
  }
}

void ClusterLife::expectAllFieldsOnAllNodes() {
  for (std::size_t told = 1; told <= 4; ++told) {
    const auto all = hook(told).told();
    expectNoGap(all);
    std::set<std::string> types;
    for (const Told& event : all) {
      expectAllFields(event);
      types.insert(event.type);
    }
    EXPECT_THAT(types, IsSupersetOf({"node_join", "node_rejoin", "node_leave", "rebalance_start",
                                     "partition_change", "rebalance_complete", "cluster_health_change"}))
        << "node-" << told;
  }
}

TEST_F(ClusterLife, EveryNodeIsToldOfJoinCrashReturnRebalanceDrainAndRemovalWithAllFieldsInOrder) {
  ASSERT_NO_FATAL_FAILURE(formNodeByNode());
  ASSERT_NO_FATAL_FAILURE(crash());
  ASSERT_NO_FATAL_FAILURE(comeBack());
  ASSERT_NO_FATAL_FAILURE(rebalanceByHand());
  ASSERT_NO_FATAL_FAILURE(drain());
  ASSERT_NO_FATAL_FAILURE(undrain());
  ASSERT_NO_FATAL_FAILURE(remove());
  ASSERT_NO_FATAL_FAILURE(expectAllFieldsOnAllNodes());
}

}  // namespace
}  // namespace clusterkit::test
