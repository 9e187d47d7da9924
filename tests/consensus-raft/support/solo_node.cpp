#include "support/solo_node.hpp"

#include <utility>

namespace clusterkit::raft::test {

void SoloNode::step(const Event& event) {
  Ready ready = raft_.step(event);
  if (ready.batch) lastBatch_ = ready.batch;
  sent_.insert(sent_.end(), ready.messages.begin(), ready.messages.end());
  outcomes_.insert(outcomes_.end(), ready.outcomes.begin(), ready.outcomes.end());
  applied_.insert(applied_.end(), ready.committed.begin(), ready.committed.end());
  if (ready.takeSnapshot) snapshotAsked_ = ready.takeSnapshot;
  const bool persisted = static_cast<bool>(ready.batch);
  const bool restoring = ready.restore.has_value();
  const LogIndex committed = ready.committed.empty() ? LogIndex{} : ready.committed.back().index;
  last_ = ready;
  if (persisted && disk_ == Disk::Instant) persist();
  if (restoring) step(SnapshotRestored{ready.restore->index});
  if (committed) step(Applied{committed});
  last_ = std::move(ready);
}

void SoloNode::persist() {
  if (durableBatch_ == lastBatch_) return;
  durableBatch_ = lastBatch_;
  step(Durable{durableBatch_});
}

void SoloNode::lead(std::vector<MemberId> voters) {
  timeOut();
  for (MemberId id : voters) {
    receive(id, raft_.term(), PreVoteReply{next(raft_.term()), true});
  }
  persist();
  for (MemberId id : voters) receive(id, raft_.term(), VoteReply{true});
  persist();
  EXPECT_EQ(raft_.role(), Role::Leader);
}

std::optional<OutcomeCode> SoloNode::outcome(Handle handle) const {
  for (const Outcome& o : outcomes_) {
    if (o.handle == handle) return o.code;
  }
  return std::nullopt;
}

}  // namespace clusterkit::raft::test
