// The library's node before it runs, while it runs, and after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <clusterkit/node.hpp>

#include <condition_variable>
#include <future>
#include <mutex>

#include "support/dripping_server.hpp"
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

}  // namespace
}  // namespace clusterkit::test
