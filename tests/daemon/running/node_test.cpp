// The library's node before it runs, while it runs, and after.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <clusterkit/node.hpp>

#include "support/dripping_server.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class LibraryNode : public testing::Test {
 protected:
  NodeOptions options() const {
    NodeOptions out{.nodeId = "inside", .httpListen = "127.0.0.1:0", .settings = {}, .pluginPath = {}};
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

}  // namespace
}  // namespace clusterkit::test
