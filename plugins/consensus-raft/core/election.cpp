// Elections: pre-vote (9.6), votes (3.4), leader stickiness (4.2.3) and the leader's check that it is still
// heard (6.2).
#include <algorithm>
#include <utility>

#include "invariant.hpp"
#include "planted.hpp"
#include "quorum.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

void Raft::tickElection() {
  if (isLeader() || now_ < electionDeadline_) return;
  if (mayCampaign()) {
    preCampaign();
    return;
  }
  leader_ = MemberId{};
  resetElectionTimer();
}

// A change that takes our vote leaves us campaigning until it is committed (4.2.2): ours may be the only log
// that has it, and then nobody else can win.
bool Raft::mayCampaign() const {
  const bool votes =
      configuration().isVoter(self_) || configurations_.asOf(commit_).configuration->isVoter(self_);
  return votes && !repairing_ && !removed_ && !storeFull_ && !logIsBeingReplaced();
}

// The candidate's configuration decides who votes, so a promoted learner that does not know it yet votes all
// the same.
bool Raft::mayVote() const {
  return (!repairing_ || planted(Defect::RepairingNodeVotes)) && !configuration().members.empty();
}

// A leader that asks for votes itself leads no longer, so it does not count as heard.
bool Raft::hearsLeaderOtherThan(MemberId candidate) const {
  if (isLeader()) return true;
  return leader_ && leader_ != candidate && now_ - lastLeaderContact_ < options_.electionTimeout;
}

void Raft::resetElectionTimer() {
  const auto spread = static_cast<std::uint64_t>(options_.electionTimeout.count());
  electionDeadline_ =
      now_ + options_.electionTimeout + Duration(static_cast<Duration::rep>(prng_.below(spread)));
}

void Raft::preCampaign() {
  leader_ = MemberId{};
  CandidateState candidate;
  candidate.votes[self_] = true;
  roleState_ = std::move(candidate);
  resetElectionTimer();
  for (const Member& m : configuration().members) {
    if (m.id != self_ && configuration().isVoter(m.id)) {
      send(m.id, PreVoteRequest{log_.lastIndex(), log_.lastTerm()});
    }
  }
  countVotes();
}

void Raft::campaign(VoteReason reason) {
  adoptTerm(next(term_));
  voteFor(self_);
  leader_ = MemberId{};
  CandidateState candidate;
  candidate.campaign = Campaign::Vote;
  candidate.reason = reason;
  candidate.selfVote = hardStateBatch();
  roleState_ = std::move(candidate);
  resetElectionTimer();
  if (planted(Defect::CampaignBeforeSync)) requestVotes();
}

// The own vote is on disk: now it counts, and the others may learn of the new term (raft-java#57).
void Raft::requestVotes() {
  CandidateState& candidate = *running();
  candidate.votes[self_] = true;
  for (const Member& m : configuration().members) {
    if (m.id != self_ && configuration().isVoter(m.id)) {
      send(m.id, VoteRequest{log_.lastIndex(), log_.lastTerm(), candidate.reason});
    }
  }
  countVotes();
}

void Raft::countVotes() {
  const CandidateState& candidate = *running();
  switch (tally(configuration(), candidate.votes)) {
    case VoteResult::Pending: return;
    case VoteResult::Lost: becomeFollower(term_, MemberId{}); return;
    case VoteResult::Won: break;
  }
  if (candidate.campaign == Campaign::PreVote) {
    campaign(VoteReason::Timeout);
  } else {
    becomeLeader();
  }
}

void Raft::becomeFollower(Term term, MemberId leader) {
  ensure(term >= term_, "TermNeverFalls",
         [&] { return std::to_string(term_.value) + " to " + std::to_string(term.value); });
  const bool wasFollower = std::holds_alternative<FollowerState>(roleState_);
  if (LeaderState* old = leading()) {
    failLeaderReads();
    lastLeaderContact_ = contactAt();
    departing_ = std::exchange(old->transfer, std::nullopt);
    if (old->jointChange) finish(*old->jointChange, OutcomeCode::Unknown);
    failUncommitted();
  }
  if (term > term_) adoptTerm(term);
  roleState_ = FollowerState{};
  leader_ = leader;
  if (!wasFollower || leader) resetElectionTimer();
  if (!leader) return;
  termLeader_ = leader;
  electedAt_ = lastLeaderContact_ = now_;
  settleTransfer();
  forwardReads();
}

void Raft::becomeLeader() {
  ensure(!termLeader_ && votedFor_ == self_, "OneLeaderPerTerm",
         [&] { return "term " + std::to_string(term_.value) + " already has a leader"; });
  if (incoming_) {
    ready_.snapshotSteps.emplace_back(std::in_place_type<AbortSnapshot>);
    incoming_.reset();
  }
  leader_ = termLeader_ = self_;
  electedAt_ = now_;
  roleState_ = LeaderState{};
  LeaderState& leader = *leading();
  leader.nextHeartbeat = now_ + options_.heartbeatInterval;
  leader.firstIndexOfTerm = next(log_.lastIndex());
  configurationChanged();
  if (!planted(Defect::NoNoOp))
    appendOwn(NoOp{});  // entries of older terms commit only with one of this term (5.4.2)
  broadcast();
  settleTransfer();
  for (auto* readers : {&forwarded_.asked, &forwarded_.waiting}) {
    leader.waitingReads.insert(leader.waitingReads.end(), readers->begin(), readers->end());
    readers->clear();
  }
}

// A leader that a majority no longer answers steps down, so that clients are not kept waiting and a majority
// that it cannot reach is not held back by those who still hear it (openraft#2080).
void Raft::checkQuorum() {
  LeaderState* leader = leading();
  if (leader == nullptr || planted(Defect::NoCheckQuorum)) return;
  const bool heard = hasQuorum(configuration(), [&](MemberId id) {
    if (id == self_) return true;
    const auto progress = leader->progress.find(id);
    return progress != leader->progress.end() &&
           now_ - progress->second.lastContact < options_.electionTimeout;
  });
  if (heard) return;
  ready_.alarms.push_back(Alarm::QuorumLost);
  becomeFollower(term_, MemberId{});
}

// A full disk cannot take the vote that would follow: a yes would only raise the term, again and again.
void Raft::on(MemberId from, const PreVoteRequest& request, const Message& message) {
  const Term proposed = next(message.term);
  const bool granted = mayVote() && !storeFull_ && proposed > term_ && !hearsLeaderOtherThan(from) &&
                       log_.isUpToDate(request.lastIndex, request.lastTerm);
  sendWhenDurable(from, PreVoteReply{proposed, granted});  // it carries our term
}

void Raft::on(MemberId from, const PreVoteReply& reply, const Message&) {
  CandidateState* candidate = running();
  const bool asked =
      candidate != nullptr && candidate->campaign == Campaign::PreVote && reply.proposed == next(term_);
  const bool taken = planted(Defect::PreVoteCountsAsVote) && candidate != nullptr && reply.proposed == term_;
  if (!asked && !taken) return;
  candidate->votes[from] = reply.granted;
  countVotes();
}

void Raft::on(MemberId from, const VoteRequest& request, const Message&) {
  if (planted(Defect::VoteForTwo)) votedFor_ = MemberId{};
  const bool free = !votedFor_ || votedFor_ == from;
  const bool leaderless = !termLeader_ || termLeader_ == from;
  const bool granted =
      mayVote() && free && leaderless && log_.isUpToDate(request.lastIndex, request.lastTerm);
  if (granted) {
    if (running() != nullptr) becomeFollower(term_, MemberId{});
    voteFor(from);
    resetElectionTimer();
  }
  if (planted(Defect::VoteBeforeSync))
    send(from, VoteReply{granted});
  else
    sendWhenDurable(from, VoteReply{granted});
}

void Raft::on(MemberId from, const VoteReply& reply, const Message&) {
  CandidateState* candidate = running();
  if (candidate == nullptr || candidate->campaign != Campaign::Vote) return;
  candidate->votes[from] = reply.granted;
  countVotes();
}

}  // namespace clusterkit::raft
