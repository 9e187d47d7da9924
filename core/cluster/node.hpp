// A node as every other node knows it. Its id is stable, its addresses are data, its member id is its data
// folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clusterkit/types.hpp"
#include "discovery/service.hpp"
#include "placement/partition_id.hpp"

namespace clusterkit {

using NodeId = std::string;  // "node-1", from the configuration

inline constexpr std::size_t kMaxNodeIdBytes = 128;
inline constexpr std::size_t kMaxAddressBytes = 256;
inline constexpr std::size_t kMaxTransportKeyBytes = 1024;
inline constexpr std::size_t kMaxNodeSpecBytes = 64 * 1024;  // encoded, services included
inline constexpr std::size_t kMaxNodes = 10'000;
inline constexpr std::uint32_t kMaxNodeWeight = 1'000'000;

enum class NodeStatus : std::uint8_t {
  Joining = 1,   // in the cluster, its log still catching up; owns nothing yet
  Active = 2,    // may own partitions
  Suspect = 3,   // does not answer the leader, others not yet asked; keeps what it owns
  Down = 4,      // gone for everybody; keeps its copies until the rebalance, is primary of nothing that lives
                 // elsewhere
  Draining = 5,  // live, giving everything away
  Left = 6,      // stopped on purpose, expected back or removed later
};

std::string_view toString(NodeStatus status);
// Runs, as far as anybody knows: everything but Down and Left.
constexpr bool isLive(NodeStatus s) { return s != NodeStatus::Down && s != NodeStatus::Left; }
// May be given new partitions.
constexpr bool isPlaceable(NodeStatus s) { return s == NodeStatus::Active; }

// What a node says about itself when it joins, comes back or is reconfigured.
struct NodeSpec {
  NodeId id;
  MemberId member;
  std::uint64_t boot = 0;  // how often its data folder was started: tells a repeated announcement from a new
                           // one, and what this run proposed from what an earlier one did
  std::string name;
  std::string httpAddress;       // advertised "host:port"
  std::string transportAddress;  // opaque to all but the transport
  std::string transportKey;      // public key bytes, empty when none are used
  std::string zone;
  std::uint32_t weight = 1;  // 0: owns nothing
  std::string version;       // of the software, for people
  std::vector<ServiceSpec> services;

  friend bool operator==(const NodeSpec&, const NodeSpec&) = default;
};

enum class LeaveReason : std::uint8_t { HealthCheckFailure = 1, GracefulShutdown = 2, RemovedByAdmin = 3 };
std::string_view toString(LeaveReason reason);  // "health_check_failure", ...

// Not called Node: clusterkit::Node is the library's public class (include/clusterkit/node.hpp).
struct NodeRecord {
  NodeSpec spec;
  NodeStatus status = NodeStatus::Joining;
  bool drainRequested = false;    // an operator wants it empty; outlives a suspicion or a restart
  std::uint64_t incarnation = 1;  // counts its lives in this cluster, from 1
  WallTime joinedAt{};            // of the first life
  WallTime lastSeenAt{};          // of the last sign of life the leader had when the status last changed
  WallTime absentSince{};         // Down or Left: the stamp of that change
  std::vector<PartitionId> partitionsBeforeLeave;  // owned when it was last declared Down or Left; ascending

  friend bool operator==(const NodeRecord&, const NodeRecord&) = default;
};

// What is remembered of a removed node, in case its id comes back with a new data folder.
struct DepartedNode {
  NodeId id;
  MemberId member;
  std::uint64_t incarnation = 1;
  WallTime joinedAt{};
  WallTime lastSeenAt{};
  std::vector<PartitionId> partitionsBeforeLeave;
  LogIndex removedAt;

  friend bool operator==(const DepartedNode&, const DepartedNode&) = default;
};

}  // namespace clusterkit
