// Dispatch: who may speak to us, what its term means, and which topic handles the event.
#include "raft.hpp"
#include "planted.hpp"

#include <algorithm>
#include <utility>

#include "invariant.hpp"
#include "quorum.hpp"

namespace clusterkit::raft {
namespace {

// While a disk stalls the peers go on asking. What is not kept is as good as lost on the way: they ask again.
constexpr std::size_t maxHeldMessages = 1024;

}  // namespace

Ready Raft::step(const Event& event) {
  beginStep();
  ensure(started_ || std::holds_alternative<Tick>(event), "TickComesFirst",
         [] { return std::string("the first event must say what time it is"); });
  std::visit([this](const auto& e) { on(e); }, event);
  return endStep();
}

Ready Raft::step(MonotonicTime now, const Event& event) {
  beginStep();
  on(Tick{now});
  std::visit([this](const auto& e) { on(e); }, event);
  return endStep();
}

void Raft::beginStep() {
  ensure(!poisoned_, "NoStepAfterABrokenInvariant",
         [] { return std::string("this object has thrown before"); });
  poisoned_ = true;  // stays so when something throws
}

Ready Raft::endStep() {
  finishReady();
  checkInvariants();
  poisoned_ = false;
  return std::exchange(ready_, Ready{});
}

void Raft::on(const Tick& event) {
  now_ = std::max(now_, event.now);
  if (!started_) firstTick();
  tickElection();
  tickCommitNews();
  tickHeartbeat();
  checkQuorum();
  tickTransfer();
  tickStoreFull();
  tickReads();
  tickSnapshots();
  maybeTakeSnapshot();  // one that could not be written is due again, also where nobody writes
}

void Raft::on(const Receive& event) {
  const Message& message = event.message;
  if (message.cluster != cluster_) {
    ++counters_.otherCluster;
    return;
  }
  if (message.to != self_ || message.from != event.from || message.from == self_ || !message.from) {
    ++counters_.wrongAddress;
    return;
  }
  if (removed_ || !isWelcome(event.from, message) || !settleTerm(message)) return;
  noteContact(message);
  std::visit([&](const auto& body) { on(message.from, body, message); }, message.body);
}

// Known are the members of the committed configuration and of the one in force: one that is not committed may
// be taken back, and who it removes may be the leader that does so. A member that we do not know may still be
// one, for we may have missed a change: its word is taken when it shows a newer configuration than ours,
// which a stranger cannot.
bool Raft::isWelcome(MemberId from, const Message& message) {
  const auto& committed = configurations_.asOf(commit_);
  if (configuration().contains(from) || committed.configuration->contains(from)) return true;
  if (committed.configuration->isRemoved(from)) {
    ++counters_.removedMember;
    send(from, RemovedNotice{committed.index});
    return false;
  }
  if (message.configurationIndex > configurations_.latestIndex()) return true;
  ++counters_.unknownMember;
  return false;
}

bool Raft::isLeaderMessage(const Message& message) const {
  return std::holds_alternative<AppendRequest>(message.body) ||
         std::holds_alternative<Heartbeat>(message.body) ||
         std::holds_alternative<SnapshotChunk>(message.body) ||
         std::holds_alternative<TimeoutNow>(message.body);
}

// Adopts a newer term, answers an older one. False: the message has nothing more to say.
bool Raft::settleTerm(const Message& message) {
  // A question about a vote changes nothing, and a notice of removal must reach a node whose term has run
  // ahead.
  if (std::holds_alternative<PreVoteRequest>(message.body) ||
      std::holds_alternative<RemovedNotice>(message.body)) {
    return true;
  }
  if (message.term > term_) {
    // Stickiness (4.2.3): while a leader is heard, nobody else's candidacy moves our term.
    const auto* vote = std::get_if<VoteRequest>(&message.body);
    if (vote != nullptr && vote->reason == VoteReason::Timeout && hearsLeaderOtherThan(message.from))
      return false;
    becomeFollower(message.term, isLeaderMessage(message) ? message.from : MemberId{});
    return true;
  }
  if (message.term == term_ || std::holds_alternative<PreVoteReply>(message.body)) return true;
  if (planted(Defect::OldTermsAreObeyed)) return true;
  ++counters_.staleTerm;
  answerOldTerm(message);
  return false;
}

// Our term is the answer: it makes an old leader or candidate step down. Claims nothing else.
void Raft::answerOldTerm(const Message& message) {
  if (std::holds_alternative<VoteRequest>(message.body)) sendWhenDurable(message.from, VoteReply{});
  if (isLeaderMessage(message)) sendWhenDurable(message.from, HeartbeatReply{});
}

// Only answers to what the leader sent show that it is heard; a follower's own requests do not (one-way
// cuts).
void Raft::noteContact(const Message& message) {
  Progress* progress = follower(message.from);
  if (progress == nullptr || message.term != term_) return;
  const bool answer = std::holds_alternative<AppendAccepted>(message.body) ||
                      std::holds_alternative<AppendRejected>(message.body) ||
                      std::holds_alternative<HeartbeatReply>(message.body) ||
                      std::holds_alternative<SnapshotReply>(message.body);
  if (!answer) return;
  progress->lastContact = now_;
  progress->heardInTerm = true;
}

MonotonicTime Raft::contactAt() const {
  const LeaderState* leader = leading();
  if (leader == nullptr) return lastLeaderContact_;
  const MonotonicTime answered = quorumTime(configuration(), [&](MemberId id) {
    if (id == self_) return now_;
    const auto progress = leader->progress.find(id);
    const bool heard = progress != leader->progress.end() && progress->second.heardInTerm;
    return heard ? progress->second.lastContact : MonotonicTime{};
  });
  return std::max(answered, electedAt_);
}

// A message of this term's leader has come.
void Raft::heedLeader(MemberId leader) {
  ensure(!isLeader() && (!termLeader_ || termLeader_ == leader), "OneLeaderPerTerm", [&] {
    return "term " + std::to_string(term_.value) + " is led by " + std::to_string(termLeader_.value) +
           " and " + std::to_string(leader.value);
  });
  if (running() != nullptr || leader_ != leader) becomeFollower(term_, leader);
  lastLeaderContact_ = now_;
  resetElectionTimer();
}

void Raft::on(const Durable& event) {
  durability_.complete(event.batch);
  releaseHeld();
  commitIncoming();
  if (CandidateState* candidate = running(); candidate != nullptr && candidate->campaign == Campaign::Vote &&
                                             candidate->votes.count(self_) == 0 &&
                                             durability_.isDurable(candidate->selfVote)) {
    requestVotes();
  }
  if (isLeader()) {
    leaderCommit();
  } else if (leader_ && std::min(verified_, durability_.durableIndex()) > acked_) {
    ackDue_ = true;
  }
  checkRepaired();
}

void Raft::on(const StoreFull&) {
  if (!storeFull_) storeFullSince_ = now_;
  storeFull_ = true;
}

void Raft::on(const StoreWritable&) { storeFull_ = false; }

void Raft::on(const PeerUp& event) {
  Progress* progress = follower(event.member);
  if (progress == nullptr) return;
  progress->probeSent = false;
  replicateTo(event.member, *progress, Hint::Always);
}

void Raft::on(const PeerDown& event) {
  Progress* progress = follower(event.member);
  if (progress == nullptr || progress->state != ProgressState::Replicate) return;
  progress->becomeProbe(next(progress->matchIndex));  // what was under way is lost
}

Role Raft::role() const {
  if (removed_) return Role::Removed;
  if (isLeader()) return Role::Leader;
  if (const auto* candidate = std::get_if<CandidateState>(&roleState_)) {
    return candidate->campaign == Campaign::PreVote ? Role::PreCandidate : Role::Candidate;
  }
  return configuration().isVoter(self_) ? Role::Follower : Role::Learner;
}

Progress* Raft::follower(MemberId member) { return const_cast<Progress*>(progressOf(member)); }

const Progress* Raft::progressOf(MemberId member) const {
  const LeaderState* leader = leading();
  if (leader == nullptr) return nullptr;
  const auto progress = leader->progress.find(member);
  return progress == leader->progress.end() ? nullptr : &progress->second;
}

MonotonicTime Raft::nextDeadline() const {
  if (!started_) return now_;
  const LeaderState* leader = leading();
  MonotonicTime deadline = leader != nullptr ? leader->nextHeartbeat : electionDeadline_;
  if (leader != nullptr && leader->transfer) deadline = std::min(deadline, leader->transfer->deadline);
  if (leader != nullptr) deadline = std::min(deadline, leader->news.due().value_or(deadline));
  if (leader != nullptr && !leader->waitingReads.empty() && !leader->rounds.empty() &&
      leader->rounds.size() < kMaxReadRounds)
    deadline = std::min(deadline, std::max(leader->nextRound, now_));
  if (leader != nullptr) deadline = std::min(deadline, leader->askAllAt());
  if (departing_) deadline = std::min(deadline, departing_->deadline);
  if (pendingReads() > 0 || persistedCommit_ != commit_) {
    deadline = std::min(deadline, now_ + options_.heartbeatInterval);
  }
  return deadline;
}

Status Raft::status() const {
  Status s;
  s.role = role();
  s.term = term_;
  s.votedFor = votedFor_;
  s.leader = leader_;
  s.commitIndex = commit_;
  s.appliedIndex = applied_;
  s.lastIndex = log_.lastIndex();
  s.lastTerm = log_.lastTerm();
  s.durableIndex = durability_.durableIndex();
  s.firstIndex = log_.firstIndex();
  s.snapshotIndex = snapshot_.index;
  s.configurationIndex = configurations_.latestIndex();
  s.electedAt = electedAt_;
  s.contactAt = contactAt();
  s.repairing = repairing_;
  s.logBytes = log_.bytes();
  s.uncommittedBytes = log_.bytesAfter(commit_);
  s.counters = counters_;
  return s;
}

Message Raft::make(MemberId to, MessageBody body) const {
  return Message{cluster_, self_, to, term_, configurations_.latestIndex(), std::move(body)};
}

void Raft::send(MemberId to, MessageBody body) { ready_.messages.push_back(make(to, std::move(body))); }

void Raft::sendWhenDurable(MemberId to, MessageBody body) {
  const BatchNumber batch = hardStateBatch();
  if (durability_.isDurable(batch)) {
    send(to, std::move(body));
  } else if (held_.size() < maxHeldMessages) {
    held_.push_back({batch, make(to, std::move(body))});
  }
}

void Raft::finish(Handle handle, OutcomeCode code, LogIndex index) {
  ready_.outcomes.push_back({handle, code, index, code == OutcomeCode::NotLeader ? leader_ : MemberId{}});
}

}  // namespace clusterkit::raft
