// One line of configuration swaps a backend; nothing is built.
#include <gtest/gtest.h>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

std::string pluginInUse(TestNode& node, const std::string& kind) {
  const std::string body = node.get("/v1/plugins").body;
  return body.find("\"" + kind + "\"") != std::string::npos ? body : "";
}

TEST(Swap, ThreeNodesRunOnMemoryStoresByOneLine) {
  TestCluster cluster(Settings{{"plugins.store", "memory"}});
  cluster.startThree();
  EXPECT_EQ(cluster.node(2).put("k", "v").status, 200);
  EXPECT_EQ(cluster.node(3).value("k"), "v");
  EXPECT_NE(pluginInUse(cluster.node(1), "memory"), "");
}

TEST(Swap, AStoreIsSwappedAndSwappedBack) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.put("k", "kept").status == 200; }));
  ASSERT_EQ(node.stop(), 0);
  node.set("plugins.store", "memory");
  node.start();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  EXPECT_EQ(node.value("k"), std::nullopt) << "another store, another life";
  ASSERT_EQ(node.stop(), 0);
  node.set("plugins.store", "sqlite");
  node.start();
  EXPECT_TRUE(eventually([&] { return node.value("k") == "kept"; })) << "the first life waits in its folder";
}

TEST(Swap, ATransportIsSwappedAndSwappedBack) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.put("k", "kept").status == 200; }));
  for (const char* transport : {"inproc", "zmq"}) {
    ASSERT_EQ(node.stop(), 0);
    node.set("plugins.transport", transport);
    if (std::string(transport) == "inproc")
      node.unset("transport.listen");
    else
      node.set("transport.listen", node.transportAddress());
    node.start();
    EXPECT_TRUE(eventually([&] { return node.value("k") == "kept"; })) << transport;
    EXPECT_NE(pluginInUse(node, transport), "");
  }
}

}  // namespace
}  // namespace clusterkit::test
