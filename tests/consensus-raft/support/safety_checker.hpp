// What must hold in every interleaving, checked after each step of each node against the whole cluster, disks
// included. The names are those that a failure prints.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "raft.hpp"
#include "support/sim_disk.hpp"

namespace clusterkit::raft::test {

class SafetyChecker {
 public:
  using Disks = std::map<MemberId, const DiskImage*>;

  // OneLeaderPerTerm, LeaderCompleteness
  void leads(MemberId member, const Raft& raft);
  // CommittedIsDurableOnAQuorum: when a leader's commit index rises
  void commits(const Raft& raft, const Disks& disks);
  // StateMachineSafety: equal entries at equal indexes, everywhere and for ever
  void applies(MemberId member, const Entry& entry);
  // PromisesAreDurable: votes, vote requests and acknowledgements say what the sender's disk holds;
  // OneVotePerTerm
  void sends(const Message& message, const DiskImage& disk);
  // LinearizableReads: a read sees every write acknowledged before it began
  void acknowledges(LogIndex index, const std::string& command);
  LogIndex acknowledgedIndex() const { return acknowledged_; }
  void reads(LogIndex atLeast, LogIndex got);
  // AcknowledgedWritesSurvive: `applied` is everything that a caught-up node has applied
  void survives(const std::map<LogIndex, std::string>& applied) const;

  std::size_t committedCount() const { return committed_.size(); }

 private:
  std::map<Term, MemberId> leaders_;
  std::map<LogIndex, Entry> committed_;  // as first applied anywhere
  std::map<std::pair<MemberId, Term>, MemberId> votes_;
  std::map<LogIndex, std::string> acknowledgedWrites_;
  LogIndex acknowledged_;
};

}  // namespace clusterkit::raft::test
