// A node that was left behind by a recovery of its cluster: it takes no part any more, keeps what it knows
// readable, and says what is wrong until an operator has emptied its data folder.
#include "cluster/cluster_generation.hpp"
#include "daemon/running_node.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

std::string whatToDo(ClusterId own, ClusterId by) {
  return "this node is of generation " + std::to_string(generationOf(own)) + " of the cluster, generation " +
         std::to_string(generationOf(by)) +
         " goes on since a recovery: it takes no part any more; stop it, empty its data folder and let it "
         "join the recovered cluster (cluster.seeds)";
}

}  // namespace

void RunningNode::leaveBehind(ClusterId by) {
  if (failed_ || stopped_) return;
  identity_.supersededBy = by;
  // Kept, so that it does not wake up as a voter when it finds nobody to ask.
  saveIdentity(stack_.store(), identity_, [this](const CallOutcome& outcome) {
    if (!outcome.ok()) log_.warn("superseded_not_stored", {{"reason", outcome.text}});
  });
  membershipCheck_->stop();
  stack_.stopConsensus([this](const CallOutcome&) {
    if (!failed_ && !stopped_) coordinator_.role(Role::Removed, coordinator_.membership()->epoch, MemberId());
  });
  standBehind();
}

void RunningNode::standBehind() {
  const std::string problem = whatToDo(identity_.cluster, identity_.supersededBy);
  log_.error("superseded", {{"cluster", hex64(identity_.cluster.value)},
                            {"superseded_by", hex64(identity_.supersededBy.value)},
                            {"what", problem}});
  api_->endConsensus(problem);
}

}  // namespace clusterkit
