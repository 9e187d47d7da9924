// A cluster that lost its majority goes on with one survivor, as a new generation.
#include <utility>

#include "cluster/apply_step.hpp"
#include "cluster/cluster_generation.hpp"

namespace clusterkit {

Outcome applyBody(ApplyStep& step, const RecoverCluster& command) {
  ClusterState& state = step.state;
  if (command.from != state.facts->id || !supersedes(command.to, command.from))
    return refused(OutcomeCode::InvalidArgument, "the recovery is of another generation of the cluster");
  if (state.findNode(command.survivor) == nullptr)
    return refused(OutcomeCode::NotFound, "the survivor is no member of the cluster");
  std::vector<std::shared_ptr<const NodeRecord>> others;
  for (const auto& entry : state.nodes)
    if (entry.value->spec.member != command.survivor) others.push_back(entry.value);
  ClusterFacts facts = *state.facts;
  // Numbers of events that only the lost nodes knew come again, so their ids must differ.
  facts.earlier.push_back({facts.id, state.nextEvent});
  facts.id = command.to;
  state.facts = std::make_shared<const ClusterFacts>(std::move(facts));
  for (auto& node : others) takeOut(step, std::move(node), LeaveReason::RemovedByAdmin);
  return {};
}

}  // namespace clusterkit
