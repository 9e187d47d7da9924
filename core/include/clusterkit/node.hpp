// The library: one ClusterKit node inside your process, of which the daemon is a thin main.
//
//   clusterkit::Node node({.nodeId = "node-1", .httpListen = "127.0.0.1:8080"});
//   node.start();
//   const clusterkit::Partition partition = node.getPartition("user:123");
//   if (node.isPrimary(partition.id)) ...
//
// Thread-safe after start(). Lookups are answered from this node's own published state: no lock, no disk, no
// network. Failures throw NodeError; what could not be done says whether it is definitely not done.
//
// Before start() and after stop(), health() says "not ready" with the reason; lookups answer from the last
// state known (before start(): an empty one, so getPartition throws); everything else throws NodeError.
#pragma once

#include <clusterkit/hooks.hpp>
#include <clusterkit/types.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace clusterkit {

// Only the first two are required. Everything else of the configuration file is reachable through `settings`,
// under the names of config/clusterkit.ini: {{"cluster.seeds", "10.0.0.1:8080"}, {"health.interval", "1s"}}.
struct NodeOptions {
  std::string nodeId;
  std::string httpListen;  // "127.0.0.1:8080"; ":8080" means loopback
  std::map<std::string, std::string> settings{};
  std::vector<std::string> pluginPath{};  // searched before the built-in folder
  Hooks hooks{};                          // what the program is told
};

// What became of a change that failed.
enum class Applied { No, Unknown };

class NodeError : public std::runtime_error {
 public:
  // The exit code is what the daemon ends with: 2 bad configuration, 3 plugin, 4 store, 5 broken invariant, 6
  // address in use.
  NodeError(const std::string& text, int exitCode, Applied applied = Applied::No)
      : std::runtime_error(text), exitCode_(exitCode), applied_(applied) {}
  int exitCode() const { return exitCode_; }
  Applied applied() const { return applied_; }

 private:
  int exitCode_;
  Applied applied_;
};

// A node of the cluster as every other node knows it.
struct ClusterNode {
  std::string id;
  std::string name;
  std::string ip;      // advertised "host:port" of its HTTP API
  std::string status;  // joining, active, suspect, down, draining, left
  std::string zone;
  std::uint32_t weight = 1;
  std::uint64_t incarnation = 1;
  std::map<std::string, std::string> services;  // name -> address
};

struct Partition {
  std::string id;  // "partition-0"
  std::uint32_t number = 0;
  std::string primary;                // node id; empty when nobody owns it
  std::vector<std::string> replicas;  // node ids
  Epoch epoch;                        // fencing token: rises with every change of owners
};

struct ClusterSummary {
  std::string id, name;
  std::vector<ClusterNode> nodes;
  std::vector<Partition> partitions;
  std::uint32_t partitionCount = 0, replicationFactor = 0;
  Epoch epoch;     // of the partition map
  LogIndex index;  // applied
};

struct NodeMetrics {
  std::uint64_t nodeCount = 0, partitionCount = 0, requestCount = 0, errorCount = 0;
  bool isLeader = false;
  std::string raftState;
  Duration uptime{};
};

struct NodeHealth {
  bool ready = false;         // knows a leader, and every partition has a live primary
  std::string clusterHealth;  // healthy, degraded, critical
  std::vector<std::string> reasons;
};

struct DataValue {
  std::string bytes;
  std::uint64_t version = 0;
};

struct DataEntry {
  std::string key;
  std::uint64_t version = 0;
  std::uint64_t size = 0;
};

class Node {
 public:
  // Checks the options and finds the plugins; starts nothing. Throws NodeError (exit codes 2 and 3).
  explicit Node(const NodeOptions& options);
  ~Node();  // stops
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Returns once the HTTP API answers; the cluster may take longer, see waitReady. Once in a Node's life.
  // Throws NodeError.
  void start();
  // Stops within 5 s and joins every thread. Harmless when repeated.
  void stop();
  // True as soon as health().ready, false after `limit`.
  bool waitReady(Duration limit);

  std::string myNodeId() const;
  Partition getPartition(std::string_view key) const;
  std::optional<ClusterNode> getPrimary(const Partition& partition) const;
  std::vector<ClusterNode> getReplicas(const Partition& partition) const;
  std::vector<ClusterNode> getNodes() const;
  bool isPrimary(const Partition& partition) const;
  bool isReplica(const Partition& partition) const;
  ClusterSummary cluster() const;
  NodeMetrics metrics() const;
  NodeHealth health() const;

  // Plans and starts a rebalance now. Returns the number of partitions that will move.
  std::uint32_t rebalance();

  // Replicated values. set and remove return once the change is durable on a majority and applied; get is
  // linearizable.
  std::uint64_t setData(const std::string& key, const std::string& bytes);
  std::optional<DataValue> getData(const std::string& key) const;
  bool deleteData(const std::string& key);  // false: it was not there
  std::vector<DataEntry> listData(const std::string& prefix) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace clusterkit
