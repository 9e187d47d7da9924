// What goes to disk, what waits for it, and what came from it at the start.
#include <algorithm>
#include <stdexcept>

#include "invariant.hpp"
#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

Raft::Raft(Options options, InitialState initial, std::uint64_t seed)
    : options_(options),
      cluster_(initial.cluster),
      self_(initial.self),
      prng_(seed),
      durability_(LogIndex{}) {
  if (const std::string problem = options_.problem(); !problem.empty()) throw std::invalid_argument(problem);
  if (!cluster_ || !self_) throw std::invalid_argument("cluster and member must not be 0");
  // An answer to a request of an earlier life of this member may still be under way.
  forwarded_.lastId = RequestId{prng_.next()};
  loadState(initial);
}

void Raft::loadState(InitialState& initial) {
  const bool isEmpty = initial.entries.empty() && !initial.snapshot.index && initial.hard == HardState{};
  if (initial.bootstrap) {
    if (!isEmpty || initial.repairing)
      throw std::invalid_argument("a new cluster needs an empty store, this one holds a past life");
    bootstrap(*initial.bootstrap);
    return;
  }
  repairing_ = initial.repairing;
  highWater_ = std::max(initial.highWater, initial.hard.commit);
  if (isEmpty) return;
  if (!initial.hard.term) {
    throw std::invalid_argument(
        "the store holds a log but no term and vote; restore them or remove this member");
  }
  term_ = initial.hard.term;
  votedFor_ = initial.hard.votedFor;
  loadLog(initial);
  if (log_.lastTerm() > term_) {
    throw std::invalid_argument("the stored term " + std::to_string(term_.value) +
                                " is older than the log's " + std::to_string(log_.lastTerm().value) +
                                "; restore the store or remove this member");
  }
  durability_ = Durability(log_.lastIndex());
  commit_ = std::max(snapshot_.index, std::min(initial.hard.commit, log_.lastIndex()));
  persistedCommit_ = commit_;
  handedOut_ = applied_ = snapshot_.index;
  if (initial.hard.commit > log_.lastIndex()) repairing_ = true;
  repairTerm_ = term_;
  removed_ = configurations_.asOf(commit_).configuration->isRemoved(self_);
}

// The configuration in force is the newest in the log, committed or not (4.1).
void Raft::loadLog(InitialState& initial) {
  snapshot_ = initial.snapshot;
  if (snapshot_.index) {
    if (!snapshot_.configuration) throw std::invalid_argument("the snapshot has no configuration");
    log_.resetTo(snapshot_.index, snapshot_.term);
    configurations_.reset(snapshot_.configurationIndex, snapshot_.configuration);
  }
  for (Entry& entry : initial.entries) {
    if (entry.index <= snapshot_.index) continue;
    if (entry.index != next(log_.lastIndex()) || entry.term < log_.lastTerm()) {
      throw std::invalid_argument("the stored log has a gap or falling terms at index " +
                                  std::to_string(entry.index.value));
    }
    const bool known = !planted(Defect::RestartForgetsNewConfiguration) || entry.index <= initial.hard.commit;
    if (entry.isConfiguration() && known) configurations_.append(entry.index, entry.configuration());
    log_.append(std::move(entry));
  }
}

void Raft::bootstrap(const Member& local) {
  if (local.id != self_) throw std::invalid_argument("a new cluster begins with the local member");
  adoptTerm(Term{1});
  appendEntry(Entry{LogIndex{1}, term_, std::make_shared<const Configuration>(soleVoter(local))});
}

void Raft::firstTick() {
  started_ = true;
  resetElectionTimer();
  if (snapshot_.index) {
    restoring_ = true;
    ready_.restore = snapshot_;
  }
  if (removed_) ready_.alarms.push_back(Alarm::RemovedFromCluster);
  if (repairing_) ready_.alarms.push_back(Alarm::LogLostTail);
  const bool alone = configuration().voters() == std::vector<MemberId>{self_} && !configuration().isJoint();
  if (alone) electionDeadline_ = now_;  // nobody to wait for
}

void Raft::adoptTerm(Term term) {
  ensure(term > term_, "TermNeverFalls",
         [&] { return std::to_string(term_.value) + " to " + std::to_string(term.value); });
  term_ = term;
  termLeader_ = MemberId{};
  if (!planted(Defect::VoteOutlivesItsTerm)) votedFor_ = MemberId{};
  if (!planted(Defect::AgreementOutlivesItsTerm)) verified_ = LogIndex{};
  acked_ = leaderCommit_ = LogIndex{};
  ackDue_ = false;
  hardStateChanged_ = true;
}

void Raft::voteFor(MemberId candidate) {
  if (votedFor_ == candidate) return;
  ensure(!votedFor_, "OneVotePerTerm", [&] {
    return "term " + std::to_string(term_.value) + ": voted for " + std::to_string(votedFor_.value) +
           ", asked for " + std::to_string(candidate.value);
  });
  votedFor_ = candidate;
  hardStateChanged_ = true;
}

void Raft::appendEntry(Entry entry) {
  const LogIndex index = entry.index;
  const ConfigurationPtr configuration = entry.isConfiguration() ? entry.configuration() : nullptr;
  log_.append(std::move(entry));
  if (configuration == nullptr) return;
  configurations_.append(index, configuration);
  configurationChanged();
}

void Raft::truncateLog(LogIndex from) {
  ensure(from > commit_ || planted(Defect::TruncatesBelowCommit), "CommittedEntriesNeverChange", [&] {
    return "index " + std::to_string(from.value) + " conflicts, committed up to " +
           std::to_string(commit_.value);
  });
  ensure(!isLeader(), "LeaderNeverTruncates", [&] { return "index " + std::to_string(from.value); });
  if (from <= durability_.submittedIndex()) {
    ready_.truncateFrom = ready_.truncateFrom ? std::min(*ready_.truncateFrom, from) : from;
  }
  log_.truncateFrom(from);
  durability_.truncateFrom(from);
  if (!planted(Defect::ConfigurationNotRolledBack)) configurations_.truncateFrom(from);
}

// The batch that must be on disk before anything may be promised in the present term.
BatchNumber Raft::hardStateBatch() const {
  return hardStateChanged_ ? durability_.nextBatch() : hardStateBatch_;
}

// What was promised in an older term is worth nothing any more.
void Raft::releaseHeld() {
  while (!held_.empty() && durability_.isDurable(held_.front().until)) {
    if (held_.front().message.term == term_) ready_.messages.push_back(std::move(held_.front().message));
    held_.pop_front();
  }
}

void Raft::persistStep() {
  const LogIndex last = log_.lastIndex();
  if (last > durability_.submittedIndex()) {
    ready_.entries = log_.slice(next(durability_.submittedIndex()), last, UINT64_MAX);
  }
  const bool flushCommit = commit_ != persistedCommit_ && now_ >= nextCommitFlush_;
  const bool urgent = hardStateChanged_ || ready_.truncateFrom || !ready_.entries.empty();
  if (!urgent && !flushCommit && !ready_.compactTo) return;
  // The commit index is a hint for the next start: with each append it would cost the store a page each time.
  // A configuration takes it along, so that whoever has stored it knows that the one before is committed.
  const bool reconfigures = configurations_.latestIndex() > durability_.submittedIndex();
  if (hardStateChanged_ || flushCommit || (reconfigures && commit_ != persistedCommit_)) {
    ready_.hardState = HardState{term_, planted(Defect::VoteNotPersisted) ? MemberId{} : votedFor_, commit_};
    persistedCommit_ = commit_;
    nextCommitFlush_ = now_ + options_.heartbeatInterval;
  }
  ready_.sync = urgent ? SyncNeed::Now : SyncNeed::Lazy;
  ready_.batch = durability_.nextBatch();
  durability_.submit(last);
  if (hardStateChanged_) hardStateBatch_ = ready_.batch;
  hardStateChanged_ = false;
}

void Raft::reportChanges() {
  const RoleChange present{role(), term_, leader_};
  if (!(present == reported_)) {
    ready_.roleChange = present;
    reported_ = present;
  }
  if (configurations_.latestPtr() != reportedMembers_) {
    reportedMembers_ = configurations_.latestPtr();
    ready_.membersChange = MembersChange{reportedMembers_, configurations_.latestIndex()};
  }
}

void Raft::finishReady() {
  acknowledge();
  handOut();
  persistStep();
  reportChanges();
}

void Raft::checkInvariants() const {
  const auto order = [&](LogIndex low, LogIndex high, const char* name) {
    ensure(low <= high, name, [&] { return std::to_string(low.value) + " > " + std::to_string(high.value); });
  };
  order(commit_, log_.lastIndex(), "CommitWithinLog");
  order(handedOut_, commit_, "OnlyCommittedEntriesAreApplied");
  order(applied_, handedOut_, "OnlyCommittedEntriesAreApplied");
  order(durability_.durableIndex(), log_.lastIndex(), "DurableWithinLog");
  order(verified_, log_.lastIndex(), "VerifiedWithinLog");
  order(log_.baseIndex(), snapshot_.index, "LogCutBelowASnapshot");
  ensure(log_.lastTerm() <= term_, "LogTermWithinTerm",
         [&] { return std::to_string(log_.lastTerm().value); });
  ensure(!isLeader() || (votedFor_ == self_ && leader_ == self_), "LeaderWasElected",
         [&] { return "term " + std::to_string(term_.value); });
}

}  // namespace clusterkit::raft
