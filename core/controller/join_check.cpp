#include "controller/join_check.hpp"

#include "cluster/cluster_generation.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

std::string differ(const char* what, const std::string& node, const std::string& cluster) {
  return std::string(what) + ": the node says " + node + ", the cluster has " + cluster;
}

std::optional<std::string> claimRefusal(const ClusterFacts& facts, const JoinClaims& claims) {
  if (claims.protocol && *claims.protocol != kProtocol)
    return differ("protocol", std::to_string(*claims.protocol), std::to_string(kProtocol));
  if (claims.cluster && sameCluster(*claims.cluster, facts.id) && *claims.cluster != facts.id)
    return "the node is of generation " + std::to_string(generationOf(*claims.cluster)) +
           " of the cluster (" + hex64(claims.cluster->value) + "), this is generation " +
           std::to_string(generationOf(facts.id)) + " (" + hex64(facts.id.value) +
           ") since a recovery: it comes back with an empty data folder only";
  if (claims.cluster && *claims.cluster != facts.id)
    return differ("cluster id", hex64(claims.cluster->value), hex64(facts.id.value));
  if (claims.clusterName && *claims.clusterName != facts.name)
    return differ("cluster.name", "'" + *claims.clusterName + "'", "'" + facts.name + "'");
  if (claims.partitionCount && *claims.partitionCount != facts.partitionCount)
    return differ("cluster.partition_count", std::to_string(*claims.partitionCount),
                  std::to_string(facts.partitionCount));
  if (claims.replicationFactor && *claims.replicationFactor != facts.replicationFactor)
    return differ("cluster.replication_factor", std::to_string(*claims.replicationFactor),
                  std::to_string(facts.replicationFactor));
  return std::nullopt;
}

std::optional<std::string> nodeRefusal(const ClusterState& state, const NodeSpec& node) {
  if (!node.member)
    return "the node names no member id: it does not take part in this cluster's consensus and cannot be a "
           "member";
  if (node.transportAddress.empty()) return "transport_address is missing";
  const NodeRecord* known = state.findNode(node.id);
  if (known != nullptr && known->spec.member != node.member && isLive(known->status))
    return "node id '" + node.id + "' is in use by a live node at " + known->spec.httpAddress;
  for (const auto& entry : state.nodes) {
    const NodeRecord& other = *entry.value;
    if (other.spec.id == node.id || !isLive(other.status)) continue;
    if (other.spec.transportAddress == node.transportAddress)
      return "transport address " + node.transportAddress + " is that of the live node '" + other.spec.id +
             "'";
    if (other.spec.httpAddress == node.httpAddress)
      return "http address " + node.httpAddress + " is that of the live node '" + other.spec.id + "'";
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> joinRefusal(const ClusterState& state, const NodeSpec& node,
                                   const JoinClaims& claims) {
  if (auto reason = claimRefusal(*state.facts, claims)) return Failure{Status::Conflict, *reason};
  if (state.tombstones.find(BigEndianKey(node.member)) != nullptr)
    return Failure{Status::Stale,
                   "member " + hex64(node.member.value) +
                       " was removed from the cluster: it comes back with an empty data folder only"};
  if (auto reason = nodeRefusal(state, node)) return Failure{Status::Conflict, *reason};
  return std::nullopt;
}

}  // namespace clusterkit
