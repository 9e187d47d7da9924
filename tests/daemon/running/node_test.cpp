// The library's node before it runs, while it runs, and after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <clusterkit/node.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

#include "support/dripping_server.hpp"
#include "support/eventually.hpp"
#include "support/http.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class LibraryNode : public testing::Test {
 protected:
  NodeOptions options() const {
    NodeOptions out{.nodeId = "inside", .httpListen = "127.0.0.1:0"};
    out.pluginPath = {CLUSTERKIT_PLUGINS};
    out.settings = {{"node.data_dir", (folder_.path() / "data").string()},
                    {"log.level", "error"},
                    {"plugins.store", "memory"},
                    {"plugins.transport", "inproc"}};
    return out;
  }
  // On real sockets and files, so that several make a cluster.
  NodeOptions real(const std::string& id, std::uint16_t httpPort) const {
    NodeOptions out{.nodeId = id, .httpListen = "127.0.0.1:" + std::to_string(httpPort)};
    out.pluginPath = {CLUSTERKIT_PLUGINS};
    out.settings = {{"node.data_dir", (folder_.path() / id).string()},
                    {"log.level", "error"},
                    {"cluster.partition_count", "8"},
                    {"cluster.replication_factor", "2"},
                    {"transport.listen", "127.0.0.1:" + std::to_string(freePort())}};
    return out;
  }
  template <class Call>
  static std::string errorOf(Call&& call) {
    try {
      call();
    } catch (const NodeError& error) {
      EXPECT_EQ(error.applied(), Applied::No);
      return error.what();
    }
    return "(no error)";
  }
  // What a node that does not run answers, whether before or after.
  static void expectRefusals(Node& node, const std::string& why) {
    EXPECT_EQ(errorOf([&] { node.metrics(); }), why);
    EXPECT_EQ(errorOf([&] { node.waitReady(1s); }), why);
    EXPECT_EQ(errorOf([&] { node.rebalance(); }), why);
    EXPECT_EQ(errorOf([&] { node.setData("k", "v"); }), why);
    EXPECT_EQ(errorOf([&] { node.getData("k"); }), why);
    EXPECT_EQ(errorOf([&] { node.deleteData("k"); }), why);
    const NodeHealth health = node.health();
    EXPECT_FALSE(health.ready);
    EXPECT_EQ(health.clusterHealth, "critical");
    EXPECT_THAT(health.reasons, ElementsAre(why));
    EXPECT_EQ(node.myNodeId(), "inside");
  }

  TempDir folder_;
};

TEST_F(LibraryNode, BeforeItsStartItSaysThatItIsNotStarted) {
  Node node(options());
  expectRefusals(node, "the node is not started");
  EXPECT_EQ(errorOf([&] { node.getPartition("user:123"); }), "this node is not part of a cluster yet");
  EXPECT_TRUE(node.getNodes().empty());
  EXPECT_TRUE(node.cluster().partitions.empty());
  EXPECT_TRUE(node.listData("").empty());
  EXPECT_FALSE(node.getPrimary(Partition()));
  EXPECT_TRUE(node.getReplicas(Partition()).empty());
}

TEST_F(LibraryNode, AfterItsStopItAnswersLookupsFromWhatItKnewLast) {
  Node node(options());
  node.start();
  ASSERT_TRUE(node.waitReady(20s));
  node.setData("k", "v");
  EXPECT_TRUE(node.metrics().isLeader);
  EXPECT_EQ(errorOf([&] { node.start(); }), "a node is started once; make another one to start again");
  node.stop();
  expectRefusals(node, "the node is stopped");
  EXPECT_EQ(node.getPartition("user:123").id, "partition-48");
  EXPECT_EQ(node.listData("k").size(), 1U);
  node.stop();
  EXPECT_EQ(errorOf([&] { node.start(); }), "a node is started once; make another one to start again");
}

TEST_F(LibraryNode, ANodeThatCouldNotStartIsLikeOneThatWasStopped) {
  DrippingServer other;
  NodeOptions taken = options();
  taken.httpListen = "127.0.0.1:" + std::to_string(other.port());
  Node node(taken);
  EXPECT_THROW(node.start(), NodeError);
  expectRefusals(node, "the node is stopped");
}

TEST_F(LibraryNode, ANodeThatWasStoppedBeforeItsStartDoesNotStart) {
  Node node(options());
  node.stop();
  expectRefusals(node, "the node is stopped");
  EXPECT_EQ(errorOf([&] { node.start(); }), "a node is started once; make another one to start again");
}

// What the program was told; its hooks run on a thread of their own.
class Heard {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(what);
    changed_.notify_all();
  }
  bool waitFor(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return heard_.size() >= count; });
  }
  bool waitForThis(const std::string& what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return std::count(heard_.begin(), heard_.end(), what) != 0; });
  }
  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;
};

TEST_F(LibraryNode, HooksAreToldInOrderFromTheNodesOwnJoinOn) {
  Heard heard;
  EventSeq last;
  NodeOptions hooked = options();
  hooked.settings["cluster.partition_count"] = "4";
  hooked.hooks.onEvent = [&](const NodeEvent& event) {
    EXPECT_EQ(event.seq.value, last.value + 1) << event.type;
    EXPECT_NE(event.json.find("\"type\":\"" + event.type + "\""), std::string::npos);
    last = event.seq;
    heard.add(event.type);
  };
  hooked.hooks.onNodeJoin = [&](const NodeJoinedEvent& event) {
    heard.add("hook: " + event.node + " joined" + (event.bootstrap ? ", bootstrap, " : ", ") +
              std::to_string(event.clusterSize));
  };
  hooked.hooks.onPartitionChange = [&](const PartitionChangedEvent& event) {
    heard.add("hook: " + event.partition + " to " + event.newPrimary);
  };
  Node node(hooked);
  node.start();
  ASSERT_TRUE(heard.waitFor(14));
  node.stop();
  const auto all = heard.all();
  EXPECT_THAT(
      std::vector<std::string>(all.begin(), all.begin() + 7),
      ElementsAre("node_join", "hook: inside joined, bootstrap, 1", "rebalance_start", "partition_change",
                  "hook: partition-0 to inside", "partition_change", "hook: partition-1 to inside"));
}

// Two nodes in this process: one that is told, one that comes, goes and returns.
TEST_F(LibraryNode, AllSevenHooksAreToldOfAnotherNodesJoinLeaveAndReturn) {
  Heard heard;
  const std::uint16_t firstPort = freePort();
  NodeOptions told = real("first", firstPort), guest = real("guest", freePort());
  guest.settings["cluster.seeds"] = "127.0.0.1:" + std::to_string(firstPort);
  told.hooks.onNodeJoin = [&](const NodeJoinedEvent& e) {
    heard.add("join " + e.node + " " + std::to_string(e.clusterSize));
  };
  told.hooks.onNodeLeave = [&](const NodeLeftEvent& e) {
    heard.add("leave " + e.node + " " + e.reason + " " +
              std::to_string(e.partitionsOwned.size() + e.partitionsReplica.size()));
  };
  told.hooks.onNodeRejoin = [&](const NodeRejoinedEvent& e) {
    EXPECT_GT(e.offlineDuration, 0ms);
    EXPECT_LT(e.lastSeenAt, e.time);
    heard.add("rejoin " + e.node + " " + std::to_string(e.partitionsBeforeLeave.size()));
  };
  told.hooks.onRebalanceStart = [&](const RebalanceStartedEvent& e) {
    heard.add("start " + e.trigger + " " + e.triggerNode);
  };
  told.hooks.onRebalanceComplete = [&](const RebalanceCompletedEvent& e) {
    heard.add("complete " + e.trigger + " " + e.triggerNode);
  };
  told.hooks.onPartitionChange = [&](const PartitionChangedEvent& e) {
    EXPECT_FALSE(e.copyToNode.empty());
    EXPECT_FALSE(e.newPrimary.empty());
    heard.add("change " + e.reason);
  };
  told.hooks.onClusterHealthChange = [&](const ClusterHealthChangedEvent& e) {
    heard.add("health " + e.status + " " + std::to_string(e.healthyNodes) + "/" +
              std::to_string(e.totalNodes));
  };
  Node first(told);
  first.start();
  ASSERT_TRUE(first.waitReady(20s));
  {
    Node second(guest);
    second.start();
    ASSERT_TRUE(heard.waitForThis("complete node_join guest"));
  }
  ASSERT_TRUE(heard.waitForThis("leave guest health_check_failure 8"));
  Node again(guest);
  again.start();
  ASSERT_TRUE(heard.waitForThis("rejoin guest 8"));
  ASSERT_TRUE(heard.waitForThis("health healthy 2/2"));
  EXPECT_THAT(heard.all(),
              testing::IsSupersetOf({"join first 1", "start node_join first", "change initial_assignment",
                                     "join guest 2", "start node_join guest", "change rebalance",
                                     "health critical 1/2"}));
}

TEST_F(LibraryNode, AHookThatThrowsIsCaughtAndTheNextEventGoesOn) {
  Heard heard;
  NodeOptions hooked = options();
  hooked.hooks.onNodeJoin = [&](const NodeJoinedEvent&) {
    heard.add("join");
    throw std::runtime_error("the program's own trouble");
  };
  hooked.hooks.onEvent = [&](const NodeEvent& event) {
    heard.add(event.type);
    throw 5;
  };
  Node node(hooked);
  node.start();
  EXPECT_TRUE(heard.waitFor(60));
  EXPECT_TRUE(node.waitReady(20s));
  node.stop();
  const std::size_t told = heard.all().size();
  EXPECT_EQ(heard.all()[0], "node_join");
  EXPECT_EQ(heard.all()[1], "join");
  EXPECT_EQ(heard.all().size(), told);
}

TEST_F(LibraryNode, S120_AHookThatNeverReturnsHoldsUpNeitherWritesNorTheStop) {
  std::promise<void> release;
  NodeOptions hooked = options();
  hooked.hooks.onEvent = [end = release.get_future().share()](const NodeEvent&) { end.wait(); };
  {
    Node node(hooked);
    node.start();
    EXPECT_TRUE(node.waitReady(20s));
    node.setData("k", "v");
    EXPECT_EQ(node.getData("k").value_or(DataValue{}).bytes, "v");
    const auto before = std::chrono::steady_clock::now();
    node.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 6s);
  }
  release.set_value();
}

std::uint64_t termOn(std::uint16_t httpPort) {
  const std::string body = httpGet(httpPort, "/v1/status").body, name = "\"term\":";
  const std::size_t at = body.find(name);
  return at == std::string::npos ? 0 : std::stoull(body.substr(at + name.size()));
}

// Each of the three hangs in its first event; for several election timeouts nobody misses a heartbeat.
TEST_F(LibraryNode, S120_HooksThatNeverReturnOnThreeNodesCostNoElection) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> hanging{0};
  const std::uint16_t ports[] = {freePort(), freePort(), freePort()};
  std::vector<std::unique_ptr<Node>> nodes;
  for (const std::uint16_t port : ports) {
    NodeOptions hooked = real("node-" + std::to_string(nodes.size() + 1), port);
    hooked.settings["consensus.election_timeout"] = "1s";  // so long that a busy machine starts none
    if (!nodes.empty()) hooked.settings["cluster.seeds"] = "127.0.0.1:" + std::to_string(ports[0]);
    hooked.hooks.onEvent = [&hanging, released](const NodeEvent&) {
      ++hanging;
      released.wait();
    };
    nodes.push_back(std::make_unique<Node>(hooked));
    nodes.back()->start();
    ASSERT_TRUE(nodes.back()->waitReady(20s));
  }
  ASSERT_TRUE(eventually([&] { return hanging == 3 && nodes[0]->getNodes().size() == 3; }, 20s));
  const std::uint64_t term = termOn(ports[0]);
  ASSERT_NE(term, 0U);
  int written = 0;
  for (const auto end = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < end;)
    for (const auto& node : nodes) node->setData("k", std::to_string(++written));  // throws if refused
  EXPECT_EQ(nodes[1]->getData("k").value_or(DataValue{}).bytes, std::to_string(written));
  for (const std::uint16_t port : ports) EXPECT_EQ(termOn(port), term);
  EXPECT_EQ(hanging, 3) << "and nobody was told of a second event";
  release.set_value();
}

}  // namespace
}  // namespace clusterkit::test
