// A node inside a program: embedded PLUGIN-FOLDER DATA-FOLDER. Exits 0 when everything answered as it should.
#include <clusterkit/node.hpp>
#include <cstdlib>
#include <iostream>

namespace {

void expect(bool condition, const char* what) {
  if (condition) return;
  std::cerr << "NOT SO: " << what << "\n";
  std::exit(1);
}

}  // namespace

int main(int, char** argv) {
  clusterkit::NodeOptions options{.nodeId = "inside", .httpListen = "127.0.0.1:0"};
  options.pluginPath = {argv[1]};
  options.settings = {{"node.data_dir", argv[2]}, {"transport.listen", "127.0.0.1:0"}, {"log.level", "warn"}};
  clusterkit::Node node(options);
  node.start();
  expect(node.waitReady(std::chrono::seconds(10)), "the node becomes ready");

  const clusterkit::Partition partition = node.getPartition("user:123");
  expect(partition.id == "partition-48", "user:123 is in partition-48 of 64");
  expect(node.isPrimary(partition) && !node.isReplica(partition), "the only node is primary");
  expect(node.getPrimary(partition)->id == "inside" && node.getReplicas(partition).empty(), "owners");
  expect(node.getNodes().size() == 1 && node.myNodeId() == "inside", "nodes");
  expect(node.cluster().partitions.size() == 64, "64 partitions");

  const std::uint64_t version = node.setData("greeting", "hello");
  expect(node.getData("greeting")->bytes == "hello" && node.getData("greeting")->version == version,
         "the value is there");
  expect(node.listData("gre").size() == 1, "the value is listed");
  expect(node.deleteData("greeting") && !node.getData("greeting"), "the value is gone");
  expect(!node.deleteData("greeting"), "deleting again finds nothing");
  expect(node.metrics().isLeader && node.health().ready && node.health().clusterHealth == "degraded",
         "alone: leader, ready, under-replicated");
  bool refused = false;
  try {
    node.setData("", "x");
  } catch (const clusterkit::NodeError& error) {
    refused = error.applied() == clusterkit::Applied::No;
  }
  expect(refused, "an empty key is refused, definitely not applied");
  node.stop();
  return 0;
}
