// What a program with a Node inside is told: the seven hooks of the original library, and every event.
//
// Each is called on a thread of its own, one at a time, in the order of the log, beginning with this node's
// own node_join or node_rejoin. A hook that throws is logged and counted
// (clusterkit_callback_exceptions_total), and the next event goes on; one that blocks keeps only the other
// hooks waiting. No hook is called after Node::stop() has returned, unless it was blocked in one for longer
// than a second.
#pragma once

#include <clusterkit/types.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace clusterkit {

// What all events have.
struct NodeEvent {
  EventSeq seq;      // dense and rising, the same on every node
  LogIndex index;    // of the log entry that caused it
  Epoch epoch;       // of the partition map
  WallTime time{};   // the leader's clock
  std::string type;  // "node_join", ...
  std::string json;  // the whole event, as hook sinks and streams get it
};

struct NodeJoinedEvent : NodeEvent {
  std::string node;  // id; the rest is in json
  std::uint32_t clusterSize = 0;
  bool bootstrap = false;
};

struct NodeRejoinedEvent : NodeEvent {
  std::string node;
  std::chrono::milliseconds offlineDuration{};
  WallTime lastSeenAt{};
  std::vector<std::string> partitionsBeforeLeave;
};

struct NodeLeftEvent : NodeEvent {
  std::string node;
  std::string reason;  // health_check_failure, graceful_shutdown, removed_by_admin
  std::vector<std::string> partitionsOwned, partitionsReplica;
};

struct RebalanceStartedEvent : NodeEvent {
  std::string trigger;  // node_join, node_leave, manual
  std::string triggerNode;
  std::uint32_t partitionsToMove = 0;
  std::vector<std::string> nodesAffected;
};

struct RebalanceCompletedEvent : RebalanceStartedEvent {
  std::chrono::milliseconds duration{};
};

struct PartitionChangedEvent : NodeEvent {
  std::string partition;                   // "partition-0"
  std::vector<std::string> copyFromNodes;  // live holders of the data
  std::string copyToNode;
  std::string reason;
  std::string oldPrimary, newPrimary;
};

struct ClusterHealthChangedEvent : NodeEvent {
  std::string status;  // healthy, degraded, critical
  std::uint32_t healthyNodes = 0, unhealthyNodes = 0, totalNodes = 0;
  std::vector<std::string> unhealthyNodeIds;
};

// Any of them may be left empty.
struct Hooks {
  std::function<void(const NodeJoinedEvent&)> onNodeJoin;
  std::function<void(const NodeRejoinedEvent&)> onNodeRejoin;
  std::function<void(const NodeLeftEvent&)> onNodeLeave;
  std::function<void(const RebalanceStartedEvent&)> onRebalanceStart;
  std::function<void(const PartitionChangedEvent&)> onPartitionChange;
  std::function<void(const RebalanceCompletedEvent&)> onRebalanceComplete;
  std::function<void(const ClusterHealthChangedEvent&)> onClusterHealthChange;
  std::function<void(const NodeEvent&)> onEvent;  // every event, before the hook of its type

  bool any() const {
    return onNodeJoin || onNodeRejoin || onNodeLeave || onRebalanceStart || onPartitionChange ||
           onRebalanceComplete || onClusterHealthChange || onEvent;
  }
};

}  // namespace clusterkit
