// Handing leadership over (3.10): the target is brought up to date, proposals wait, then it campaigns at
// once.
#include <algorithm>
#include <utility>

#include "raft.hpp"

namespace clusterkit::raft {

void Raft::on(const TransferLeadership& event) {
  LeaderState* leader = leading();
  if (leader == nullptr) {
    finish(event.handle, leader_ ? OutcomeCode::NotLeader : OutcomeCode::Unavailable);
    return;
  }
  const MemberId to = event.to ? event.to : bestVoter();
  const Member* member = configuration().find(to);
  const bool possible = member != nullptr && to != self_ && member->kind == MemberKind::Voter;
  if (!possible || leader->transfer) {
    finish(event.handle, OutcomeCode::Conflict);
    return;
  }
  leader->transfer = Transfer{event.to, to, event.handle, now_ + options_.electionTimeout};
  replicateTo(to, *follower(to), Hint::Always);
  tellTransferTarget();
}

// The voter that holds most of the log, among those that answer.
MemberId Raft::bestVoter() const {
  MemberId best;
  LogIndex match;
  for (const auto& [member, progress] : leading()->progress) {
    const Member* m = configuration().find(member);
    const bool answers = progress.heardInTerm && now_ - progress.lastContact < options_.electionTimeout;
    if (m == nullptr || m->kind != MemberKind::Voter || !answers) continue;
    if (!best || progress.matchIndex > match) {
      best = member;
      match = progress.matchIndex;
    }
  }
  return best;
}

void Raft::tellTransferTarget() {
  LeaderState* leader = leading();
  if (leader == nullptr || !leader->transfer || leader->transfer->told) return;
  const Progress* progress = progressOf(leader->transfer->to);
  if (progress == nullptr || progress->matchIndex < log_.lastIndex()) return;
  leader->transfer->told = true;
  send(leader->transfer->to, TimeoutNow{});
}

void Raft::tickTransfer() {
  if (LeaderState* leader = leading(); leader != nullptr && leader->transfer) {
    const bool gone = !configuration().isVoter(leader->transfer->to);
    if (!gone && now_ < leader->transfer->deadline) return;
    finish(std::exchange(leader->transfer, std::nullopt)->handle, OutcomeCode::Timeout);
  } else if (departing_ && now_ >= departing_->deadline) {
    finish(std::exchange(departing_, std::nullopt)->handle, OutcomeCode::Timeout);
  }
}

// Leadership has ended while a transfer was under way: how it ended shows with the next leader. Who only
// wanted this node to lead no longer is content with any other.
void Raft::settleTransfer() {
  if (!departing_) return;
  const bool reached = departing_->asked ? leader_ == departing_->asked : leader_ != self_;
  finish(std::exchange(departing_, std::nullopt)->handle, reached ? OutcomeCode::Ok : OutcomeCode::Timeout);
}

// Gives up leadership without a client asking for it: the best voter is told to campaign at once.
void Raft::handOver() {
  const MemberId best = bestVoter();
  if (best) send(best, TimeoutNow{});
}

// A leader that cannot write cannot apply either, while others may have room.
void Raft::tickStoreFull() {
  if (!isLeader() || !storeFull_ || now_ - storeFullSince_ < options_.electionTimeout || !bestVoter()) return;
  handOver();
  ready_.alarms.push_back(Alarm::StoreFull);
  becomeFollower(term_, MemberId{});
}

void Raft::on(MemberId from, const TimeoutNow&, const Message&) {
  if (isLeader() || from != leader_ || !mayCampaign()) return;
  campaign(VoteReason::Transfer);
}

}  // namespace clusterkit::raft
