// What must hold of elections, logs and disks (Raft's Figure 3.2, and what durability adds). Each class
// watches one promise, over all nodes and all their lives, and names it when it is broken.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>

#include "host/consensus_port.hpp"
#include "simulation/disk.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

using Disks = std::map<MemberId, Disk>;

class OneLeaderPerTerm {
 public:
  void leads(MemberId member, Epoch term, Verdict& verdict);
  Epoch newest() const { return leaders_.rbegin()->first; }
  bool leadsNewest(MemberId member) const { return !leaders_.empty() && leaders_.rbegin()->second == member; }

 private:
  std::map<Epoch, MemberId> leaders_;
};

// Two logs with an entry of the same index and term are equal up to it. By induction it is enough that such
// an entry is always the same and always follows an entry of the same term.
class LogMatching {
 public:
  void written(MemberId member, const DiskBatch& batch, Verdict& verdict);

 private:
  struct Position {
    std::uint64_t index, term;
    friend bool operator==(const Position&, const Position&) = default;
  };
  struct Hash {
    std::size_t operator()(const Position& p) const { return p.index * 0x9e3779b97f4a7c15u ^ p.term; }
  };
  struct Content {
    std::uint64_t termBefore, bytes;
    friend bool operator==(const Content&, const Content&) = default;
  };
  std::unordered_map<Position, Content, Hash> known_;
};

// On one member's disk the term never falls, and a vote is not changed within its term.
class TermsAndVotesStand {
 public:
  void opened(MemberId member, const Disk& disk, Verdict& verdict);
  void written(MemberId member, const DiskBatch& batch, Verdict& verdict);

 private:
  void follows(MemberId member, const ck_hard_state& hard, Verdict& verdict);
  std::map<MemberId, ck_hard_state> last_;  // written in this run; at its start, what was on disk
};

// What is committed at an index is the same for everybody and for ever; each run sees rising indexes.
class CommittedEntries {
 public:
  struct Entry {
    std::uint64_t term = 0, bytes = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void began(MemberId member) { reached_.erase(member); }
  // Calls firstSeen(index, entry) for each that nobody has committed before.
  template <class FirstSeen>
  void committed(MemberId member, std::span<const Committed> entries, Verdict& verdict,
                 FirstSeen&& firstSeen) {
    for (const Committed& entry : entries)
      if (take(member, entry, verdict)) firstSeen(entry.index, Entry(entries_[entry.index.value]));
  }
  bool contains(LogIndex index) const {
    return index.value < entries_.size() && entries_[index.value].term != 0;
  }
  // The newest; index 0: none.
  std::pair<LogIndex, Entry> last() const {
    if (entries_.empty()) return {};
    return {LogIndex(entries_.size() - 1), entries_.back()};
  }

 private:
  bool take(MemberId member, const Committed& entry, Verdict& verdict);
  std::vector<Entry> entries_;  // by index; term 0: nothing that counts
  std::map<MemberId, LogIndex> reached_;
};

// A new leader's log holds everything that was committed before (Leader Completeness, 3.6.3). To be asked
// only of the newest term: who wins an old one late may lack what a later leader has committed.
class LeaderIsComplete {
 public:
  static void leads(MemberId member, const Disk& disk, const CommittedEntries& committed, Verdict& verdict);
};

// A leader advances its commit index only to entries of its own term (3.6.2), and appends a configuration
// only when the one before it and an entry of its own term are committed (Ongaro 2015, raft-dev). Both show
// in the status of its consensus at the end of the event.
class LeadersCommit {
 public:
  void began(MemberId member) { leaders_.erase(member); }
  void leads(MemberId member);
  void committed(MemberId member) { news_.insert(member); }
  void members(MemberId member, LogIndex index);
  bool isQuiet() const { return news_.empty(); }
  std::set<MemberId> takeNews() { return std::exchange(news_, {}); }
  void judge(MemberId member, const ConsensusStatus& status, const Disk& disk, Verdict& verdict);

 private:
  struct Leadership {
    std::optional<LogIndex> commitAtElection;
    LogIndex configuration;  // the newest that was judged
    std::optional<LogIndex> newConfiguration;
  };
  std::map<MemberId, Leadership> leaders_;
  std::map<MemberId, LogIndex> configurations_;  // in force at each member
  std::set<MemberId> news_;
};

// A leader that is cut off steps down by itself: it does not lead beside a newer one for long (6.2).
class OldLeadersStepDown {
 public:
  void leads(Epoch term, MonotonicTime now);
  // A member leads in this term; it could notice what is wrong since `awake`.
  void stillLeads(MemberId member, Epoch term, MonotonicTime awake, MonotonicTime now, Duration patience,
                  Verdict& verdict) const;

 private:
  Epoch newest_;
  MonotonicTime since_;
};

// What a member applies is on its own disk, or a crash could take it back.
class AppliedIsDurable {
 public:
  static void committed(MemberId member, std::span<const Committed> entries, const Disk& disk,
                        Verdict& verdict);
};

// An entry is committed only once a majority of voters has it on disk, whatever they said. The configuration
// that decided was the leader's; from outside it is the committing member's one as of the entry, or a later
// one that was in force anywhere. Asked at the end of the event, for a change may commit what came before it.
class CommitIsOnMajority {
 public:
  void members(MemberId member, std::span<const Member> members, LogIndex index);
  void committed(MemberId member, LogIndex index, std::uint64_t term) {
    news_.push_back({member, index, term});
  }
  void endOfEvent(const Disks& disks, Verdict& verdict) {
    for (const News& news : news_) judge(news, disks, verdict);
    news_.clear();
  }

 private:
  using Voters = std::set<MemberId>;
  struct News {
    MemberId member;
    LogIndex index;
    std::uint64_t term;
  };
  void judge(const News& news, const Disks& disks, Verdict& verdict) const;

  std::map<MemberId, std::map<LogIndex, Voters>> logs_;  // by the configuration's index
  std::map<LogIndex, std::set<Voters>> everywhere_;
  std::vector<News> news_;
};

}  // namespace clusterkit::sim
