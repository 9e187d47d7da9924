#include "cli/recovery_plan.hpp"

#include <algorithm>

#include "cluster/apply.hpp"
#include "cluster/cluster_generation.hpp"
#include "cluster/command_codec.hpp"

namespace clusterkit::cli {
namespace {

const Identity& identityOf(const Survivor& survivor) {
  if (!survivor.identity || !survivor.identity->cluster || !survivor.state.exists())
    throw NothingToRecover(
        "the folder has never been part of a cluster: start its node, or recover another one's folder");
  const Identity& identity = *survivor.identity;
  if (survivor.state.findNode(identity.member) == nullptr)
    throw NothingToRecover("node '" + identity.nodeId +
                           "' is no member of its cluster: recover the folder of one that is");
  return identity;
}

LogIndex lastOf(const StoreImage& image) { return image.last ? image.last : image.snapshot.index; }

}  // namespace

RecoveryPlan planRecovery(const Survivor& survivor, std::uint64_t random, WallTime now) {
  const Identity& identity = identityOf(survivor);
  const ClusterState& state = survivor.state;
  const StoreImage& image = survivor.image;
  // A folder that was left behind goes on after the generation that did so, which is the way back from a
  // recovery of the wrong node.
  const ClusterId before = identity.supersededBy ? identity.supersededBy : state.facts->id;
  const std::optional<ClusterId> next = nextGeneration(before, random);
  if (!next) throw NothingToRecover("the cluster has had 65535 generations: found a new one");
  RecoveryPlan plan;
  plan.identity = identity;
  plan.identity.cluster = *next;
  plan.identity.supersededBy = {};
  Command command;
  command.origin = {identity.member, identity.boot, 0};
  command.stamp = now;
  command.body = RecoverCluster{state.facts->id, *next, identity.member};
  plan.command = encodeCommand(command);
  plan.last = lastOf(image);
  const std::uint64_t settled = std::max(image.commit, image.snapshot.index.value);
  plan.unsettled = plan.last.value > settled ? plan.last.value - settled : 0;
  const std::uint64_t acknowledged = std::max(image.highWater.value, image.commit);
  plan.lost = acknowledged > plan.last.value ? acknowledged - plan.last.value : 0;
  for (const auto& entry : state.nodes)
    if (entry.value->spec.member != identity.member)
      plan.dropped.push_back(entry.value->spec.id + " at " + entry.value->spec.httpAddress);
  return plan;
}

// One that was left behind takes no part when it is started, however alone it is.
bool isWholeCluster(const Survivor& survivor, const RecoveryPlan& plan, std::size_t members) {
  return !survivor.image.repairing() && !survivor.identity->supersededBy && members == 1 &&
         plan.dropped.empty();
}

}  // namespace clusterkit::cli
