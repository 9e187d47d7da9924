#include "cluster/cluster_facts.hpp"

#include "placement/partition_id.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kMaxNameBytes = 128;

}  // namespace

ClusterId ClusterFacts::idAt(EventSeq event) const {
  for (const EarlierGeneration& generation : earlier)
    if (event < generation.end) return generation.id;
  return id;
}

std::string checkFacts(const ClusterFacts& facts) {
  if (!facts.id) return "a cluster needs an id other than 0";
  if (facts.name.empty() || facts.name.size() > kMaxNameBytes)
    return "a cluster name must have 1 to 128 bytes";
  if (facts.strategy.empty() || facts.strategy.size() > kMaxNameBytes) return "the strategy needs a name";
  if (facts.partitionCount < 1 || facts.partitionCount > kMaxPartitionCount) {
    return "partition_count must be 1 to 65536, not " + std::to_string(facts.partitionCount);
  }
  if (facts.replicationFactor < 1 || facts.replicationFactor > kMaxReplicationFactor) {
    return "replication_factor must be 1 to 16, not " + std::to_string(facts.replicationFactor);
  }
  if (facts.maxVoters < 1) return "max_voters must be at least 1";
  if (facts.eventsRetain < 1 || facts.eventsRetain > kMaxRetain) return "events.retain must be 1 to 1000000";
  if (facts.idempotencyRetain < 1 || facts.idempotencyRetain > kMaxRetain) {
    return "the number of remembered results must be 1 to 1000000";
  }
  return {};
}

}  // namespace clusterkit
