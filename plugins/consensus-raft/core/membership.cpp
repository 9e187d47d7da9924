// Changes of the configuration (chapter 4): one at a time, in force when appended, and only after an entry of
// the leader's own term has committed (Ongaro 2015, raft-dev); learners first; joint consensus for larger
// changes (4.3).
#include <algorithm>
#include <utility>

#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

void Raft::on(const ChangeMembers& event) {
  LeaderState* leader = leading();
  if (leader == nullptr) {
    finish(event.handle, leader_ ? OutcomeCode::NotLeader : OutcomeCode::Unavailable);
    return;
  }
  const OutcomeCode code = admitChange(event.change);
  auto following = apply(configuration(), event.change);
  if (code != OutcomeCode::Ok || !following) {
    finish(event.handle, code != OutcomeCode::Ok ? code : OutcomeCode::Conflict);
    return;
  }
  const bool joint = following->isJoint();
  appendOwn(std::make_shared<const Configuration>(std::move(*following)));
  if (joint) {
    leader->jointChange = event.handle;  // ends with the entry that leaves the joint phase
  } else {
    proposals_.push_back({log_.lastIndex(), event.handle});
  }
  broadcast();
  leaderCommit();
}

OutcomeCode Raft::admitChange(const MemberChange& change) const {
  const LeaderState& leader = *leading();
  if (storeFull_) return OutcomeCode::NoSpace;
  const bool ownTermCommitted =
      commit_ >= leader.firstIndexOfTerm || planted(Defect::ChangeBeforeOwnTermCommits);
  const bool previousCommitted =
      configurations_.latestIndex() <= commit_ || planted(Defect::SecondChangeWhileOneIsUnderWay);
  if (!ownTermCommitted || !previousCommitted || leader.transfer) return OutcomeCode::Conflict;
  if (const auto* promote = std::get_if<PromoteLearner>(&change)) {
    return hasCaughtUp(promote->member) ? OutcomeCode::Ok : OutcomeCode::Conflict;
  }
  const auto* replace = std::get_if<ReplaceMembers>(&change);
  if (replace == nullptr) return OutcomeCode::Ok;
  const bool ready = std::all_of(replace->target.begin(), replace->target.end(), [this](const Member& m) {
    return m.kind != MemberKind::Voter || configuration().isVoter(m.id) || hasCaughtUp(m.id);
  });
  return ready ? OutcomeCode::Ok : OutcomeCode::Conflict;
}

// Close enough that its vote will not hold up commits: it holds an entry of this term and answers.
bool Raft::hasCaughtUp(MemberId member) const {
  const Progress* p = progressOf(member);
  return p != nullptr && p->state == ProgressState::Replicate && p->heardInTerm &&
         now_ - p->lastContact < options_.electionTimeout && p->matchIndex >= leading()->firstIndexOfTerm &&
         plus(p->matchIndex, options_.promotionLag) >= log_.lastIndex();
}

// The leader follows exactly the members of the configuration in force.
void Raft::configurationChanged() {
  LeaderState* leader = leading();
  if (leader == nullptr) return;
  std::erase_if(leader->progress, [this](const auto& item) { return !configuration().contains(item.first); });
  for (const Member& m : configuration().members) {
    if (m.id == self_ || leader->progress.count(m.id) != 0) continue;
    Progress progress;
    progress.nextIndex = next(log_.lastIndex());
    progress.lastContact = now_;
    leader->progress.emplace(m.id, std::move(progress));
  }
}

void Raft::configurationCommitted() {
  if (isLeader()) {
    tellRemoved();
    if (!configuration().isVoter(self_)) giveWay();
  }
  if (configuration().isRemoved(self_)) becomeRemoved();
}

// A leader that this change has put out of the voters leads until it is committed, and no longer (4.2.2). The
// others learn of the commit from the successor: one that knew of it already would take no order from a
// removed member.
void Raft::giveWay() {
  if (bestVoter()) {
    handOver();
  } else {
    broadcast();
  }
  becomeFollower(term_, MemberId{});
}

// Whoever this change has removed is told, so that it stops instead of asking for votes.
void Raft::tellRemoved() {
  const auto& before = configurations_.asOf(previous(configurations_.latestIndex()));
  for (const Member& m : before.configuration->members) {
    if (m.id != self_ && !configuration().contains(m.id))
      send(m.id, RemovedNotice{configurations_.latestIndex()});
  }
}

// The joint phase ends by itself, also under a leader that did not begin it.
void Raft::leaveJointWhenCommitted() {
  LeaderState* leader = leading();
  if (leader == nullptr || !configuration().isJoint()) return;
  if (configurations_.latestIndex() > commit_ || commit_ < leader->firstIndexOfTerm) return;
  appendOwn(std::make_shared<const Configuration>(leaveJoint(configuration())));
  if (leader->jointChange)
    proposals_.push_back({log_.lastIndex(), *std::exchange(leader->jointChange, std::nullopt)});
}

void Raft::becomeRemoved() {
  if (removed_) return;
  if (!std::holds_alternative<FollowerState>(roleState_)) becomeFollower(term_, MemberId{});
  removed_ = true;
  leader_ = MemberId{};
  held_.clear();
  ready_.alarms.push_back(Alarm::RemovedFromCluster);
}

void Raft::on(MemberId, const RemovedNotice& notice, const Message&) {
  // An older one than what we know to be committed would be about a time before we were added.
  if (notice.configurationIndex > configurations_.asOf(commit_).index) becomeRemoved();
}

}  // namespace clusterkit::raft
