#include "simulation/log_invariants.hpp"

#include <algorithm>
#include <clusterkit/plugin.hpp>

namespace clusterkit::sim {
namespace {

std::string text(std::uint64_t n) { return std::to_string(n); }

std::uint64_t digest(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

bool holds(const Disk& disk, LogIndex index, std::uint64_t term) {
  const LogShape& shape = disk.durable.shape;
  // What was lost by a planted corruption had been there.
  return disk.repairing() || shape.snapshot().index >= index.value || shape.termAt(index.value) == term;
}

}  // namespace

void OneLeaderPerTerm::leads(MemberId member, Epoch term, Verdict& verdict) {
  const auto [known, fresh] = leaders_.emplace(term, member);
  if (!fresh && known->second != member)
    verdict.broken("OneLeaderPerTerm", "term " + text(term.value) + " is led by " +
                                           text(known->second.value) + " and by " + text(member.value));
}

void LogMatching::written(MemberId member, const DiskBatch& batch, Verdict& verdict) {
  std::uint64_t termBefore = batch.termBefore;
  for (const DiskEntry& entry : batch.entries) {
    const Content content{termBefore, digest(*entry.bytes) + entry.record.type};
    termBefore = entry.record.term;
    const auto [known, fresh] = known_.emplace(Position{entry.record.index, entry.record.term}, content);
    if (!fresh && !(known->second == content))
      verdict.broken("LogMatching", "member " + text(member.value) + " wrote another " +
                                        text(entry.record.index) + ":" + text(entry.record.term));
  }
}

void TermsAndVotesStand::opened(MemberId member, const Disk& disk, Verdict&) {
  last_[member] = disk.durable.hard;
}

void TermsAndVotesStand::written(MemberId member, const DiskBatch& batch, Verdict& verdict) {
  if (batch.hard) follows(member, *batch.hard, verdict);
}

void TermsAndVotesStand::follows(MemberId member, const ck_hard_state& hard, Verdict& verdict) {
  ck_hard_state& last = last_[member];
  if (hard.term < last.term)
    verdict.broken("TermsNeverFall",
                   "member " + text(member.value) + ": " + text(last.term) + " to " + text(hard.term));
  if (hard.term == last.term && last.voted_for != 0 && hard.voted_for != last.voted_for)
    verdict.broken("OneVotePerTerm", "member " + text(member.value) + ", term " + text(hard.term) + ": " +
                                         text(last.voted_for) + ", then " + text(hard.voted_for));
  last = hard;
}

bool CommittedEntries::take(MemberId member, const Committed& entry, Verdict& verdict) {
  LogIndex& reached = reached_[member];
  if (entry.index <= reached)
    verdict.broken("CommitNeverFalls", "member " + text(member.value) + ": " + text(entry.index.value) +
                                           " after " + text(reached.value));
  reached = entry.index;
  const Entry present{entry.epoch.value, digest(entry.command)};
  if (entry.index.value >= entries_.size()) entries_.resize(entry.index.value + 1);
  Entry& known = entries_[entry.index.value];
  const bool fresh = known.term == 0;
  if (fresh) known = present;
  if (!(known == present))
    verdict.broken("CommittedEntriesNeverChange",
                   "index " + text(entry.index.value) + " of term " + text(known.term) +
                       " is another one of term " + text(present.term) + " at member " + text(member.value));
  return fresh;
}

void LeaderIsComplete::leads(MemberId member, const Disk& disk, const CommittedEntries& committed,
                             Verdict& verdict) {
  const auto [index, entry] = committed.last();
  if (!index) return;
  const LogShape& log = disk.submitted;
  const bool has = log.snapshot().index >= index.value || log.termAt(index.value) == entry.term;
  if (!has)
    verdict.broken("LeaderIsComplete", "member " + text(member.value) +
                                           " leads without the committed entry " + text(index.value) + ":" +
                                           text(entry.term));
}

void LeadersCommit::leads(MemberId member) {
  leaders_[member] = {std::nullopt, configurations_[member], std::nullopt};
  news_.insert(member);
}

void LeadersCommit::members(MemberId member, LogIndex index) {
  configurations_[member] = index;
  const auto leader = leaders_.find(member);
  if (leader == leaders_.end()) return;
  leader->second.newConfiguration = index;
  news_.insert(member);
}

void LeadersCommit::judge(MemberId member, const ConsensusStatus& status, const Disk& disk,
                          Verdict& verdict) {
  const auto found = leaders_.find(member);
  if (found == leaders_.end()) return;
  if (status.role != Role::Leader) {
    leaders_.erase(found);
    return;
  }
  Leadership& leader = found->second;
  if (!leader.commitAtElection) leader.commitAtElection = status.commitIndex;
  const LogShape& log = disk.submitted;
  // Followers may commit what the leader's own full disk does not take: nothing can be said of that.
  if (status.commitIndex.value > log.end().index) return;
  const bool ownTerm = log.termAt(status.commitIndex.value) == status.epoch.value;
  if (!ownTerm && status.commitIndex > *leader.commitAtElection)
    verdict.broken("OwnTermCommitsFirst", "member " + text(member.value) + " leads in term " +
                                              text(status.epoch.value) + " and committed " +
                                              text(status.commitIndex.value) + " of an older one");
  const LogIndex before = leader.configuration;
  if (!leader.newConfiguration || *leader.newConfiguration <= before) return;
  leader.configuration = *std::exchange(leader.newConfiguration, std::nullopt);
  if (log.termAt(leader.configuration.value) != status.epoch.value) return;
  if (!ownTerm || before > status.commitIndex)
    verdict.broken("OneChangeAtATime", "member " + text(member.value) + " appended a configuration at " +
                                           text(leader.configuration.value) + " with only " +
                                           text(status.commitIndex.value) + " committed");
}

void OldLeadersStepDown::leads(Epoch term, MonotonicTime now) {
  if (term <= newest_) return;
  newest_ = term;
  since_ = now;
}

void OldLeadersStepDown::stillLeads(MemberId member, Epoch term, MonotonicTime awake, MonotonicTime now,
                                    Duration patience, Verdict& verdict) const {
  if (term < newest_ && now - std::max(awake, since_) > patience)
    verdict.broken("OldLeadersStepDown", "member " + text(member.value) + " still leads in term " +
                                             text(term.value) + ", others follow one of term " +
                                             text(newest_.value));
}

void AppliedIsDurable::committed(MemberId member, std::span<const Committed> entries, const Disk& disk,
                                 Verdict& verdict) {
  const Committed& last = entries.back();
  if (!holds(disk, last.index, last.epoch.value))
    verdict.broken("AppliedIsDurable", "member " + text(member.value) + " applies " + text(last.index.value) +
                                           " before it is on its disk");
}

void CommitIsOnMajority::members(MemberId member, std::span<const Member> members, LogIndex index) {
  Voters voters;
  for (const Member& m : members)
    if (m.kind == MemberKind::Voter) voters.insert(m.peer.member);
  everywhere_[index].insert(voters);
  std::map<LogIndex, Voters>& log = logs_[member];
  log.erase(log.lower_bound(index), log.end());  // those were taken back
  log[index] = std::move(voters);
}

void CommitIsOnMajority::judge(const News& news, const Disks& disks, Verdict& verdict) const {
  std::string asked;
  const auto isEnough = [&](const Voters& voters) {
    const auto have = std::count_if(voters.begin(), voters.end(), [&](MemberId voter) {
      const auto disk = disks.find(voter);
      return disk != disks.end() && holds(disk->second, news.index, news.term);
    });
    asked += ", " + text(static_cast<std::uint64_t>(have)) + " of " + text(voters.size());
    return static_cast<std::size_t>(have) > voters.size() / 2;
  };
  const auto log = logs_.find(news.member);
  if (log == logs_.end()) return;
  const auto own = log->second.upper_bound(news.index);
  if (own != log->second.begin() && isEnough(std::prev(own)->second)) return;
  for (auto later = everywhere_.upper_bound(news.index); later != everywhere_.end(); ++later)
    if (std::any_of(later->second.begin(), later->second.end(), isEnough)) return;
  verdict.broken("CommitIsOnMajority", "member " + text(news.member.value) + " committed " +
                                           text(news.index.value) + ":" + text(news.term) +
                                           " which is on too few disks" + asked);
}

}  // namespace clusterkit::sim
