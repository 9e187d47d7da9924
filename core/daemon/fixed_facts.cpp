#include "daemon/fixed_facts.hpp"

#include <utility>

namespace clusterkit {
namespace {

std::string text(const std::string& value) { return value; }
std::string text(std::uint64_t value) { return std::to_string(value); }

}  // namespace

std::vector<FixedFact> differingFacts(const ClusterFacts& configured, const ClusterFacts& cluster) {
  std::vector<FixedFact> out;
  const auto compare = [&](const char* key, const auto& ours, const auto& theirs) {
    if (ours != theirs) out.push_back({key, text(ours), text(theirs)});
  };
  compare("cluster.name", configured.name, cluster.name);
  compare("cluster.partition_count", configured.partitionCount, cluster.partitionCount);
  compare("cluster.replication_factor", configured.replicationFactor, cluster.replicationFactor);
  compare("cluster.max_voters", configured.maxVoters, cluster.maxVoters);
  compare("cluster.value_quota", configured.valueQuotaBytes, cluster.valueQuotaBytes);
  compare("cluster.idempotency_retain", configured.idempotencyRetain, cluster.idempotencyRetain);
  compare("events.retain", configured.eventsRetain, cluster.eventsRetain);
  compare("rebalance.strategy", configured.strategy, cluster.strategy);
  return out;
}

FixedFactsCheck::FixedFactsCheck(Coordinator& coordinator, Log& log, ClusterFacts configured)
    : log_(log), configured_(std::move(configured)) {
  coordinator.addObserver(*this);
}

void FixedFactsCheck::onState(const ClusterState& state, Events) {
  if (checked_ || !state.exists()) return;
  checked_ = true;
  for (const FixedFact& fact : differingFacts(configured_, *state.facts))
    log_.warn("setting_not_used", {{"key", fact.key},
                                   {"configured", fact.configured},
                                   {"cluster", fact.cluster},
                                   {"reason", "it was fixed when the cluster was created"}});
}

}  // namespace clusterkit
