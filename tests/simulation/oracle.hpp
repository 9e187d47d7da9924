// Hears from all nodes and asks every invariant.
#pragma once

#include <functional>
#include <optional>

#include "simulation/log_invariants.hpp"
#include "simulation/promises.hpp"
#include "simulation/sink_deliveries.hpp"
#include "simulation/state_invariants.hpp"
#include "simulation/trace.hpp"
#include "simulation/witness.hpp"

namespace clusterkit::sim {

class Oracle final : public Witness {
 public:
  Oracle(const Scheduler& scheduler, const Disks& disks, Trace& trace, Verdict& verdict)
      : scheduler_(scheduler), disks_(disks), trace_(trace), verdict_(verdict) {}

  void opened(MemberId member, const Disk& disk) override;
  void written(MemberId member, const DiskBatch& batch) override;
  void sent(MemberId member, std::uint32_t lane, std::string_view bytes) override;
  void role(MemberId member, Role role, Epoch term, MemberId leader) override;
  void members(MemberId member, std::span<const Member> members, LogIndex index) override;
  void committed(MemberId member, std::span<const Committed> entries) override;
  void state(MemberId member, const ClusterState& state,
             std::span<const std::shared_ptr<const ClusterEvent>> events) override;
  void sinkTold(MemberId member, const SinkRules& sink, const ClusterEvent& event) override;
  void sinkDone(MemberId member, const SinkRules& sink, const ClusterEvent& event) override;
  void sinkLoaded(MemberId member, const SinkRules& sink, const std::optional<SinkCursor>& cursor) override;
  void sinkSaving(MemberId member, const SinkRules& sink, const SinkCursor& cursor) override;
  void sinkSaved(MemberId member, const SinkRules& sink, const SinkCursor& cursor) override;
  void ended(MemberId member, const std::string& reason, bool storeFailed) override;

  void endOfEvent();
  void stillLeads(MemberId member, Epoch term, MonotonicTime awake, Duration patience);
  // How the consensus of a running member stands; asked between events only.
  std::function<std::optional<ConsensusStatus>(MemberId)> statusOf;
  bool readsMessages = false;
  bool watchesSinks = false;

  // See SinkDeliveries.
  void sinkOrdered(MemberId member, const SinkRules& sink, std::optional<EventSeq> after);
  std::size_t deliveries() const { return sinks_.count(); }

  // A client was told that its write has been applied here.
  void acknowledged(LogIndex index);
  LogIndex lastCommitted() const;
  std::size_t terms() const { return terms_; }
  EventsDenseAndInOrder::Told told() const { return events_.told(); }

 private:
  const Scheduler& scheduler_;
  const Disks& disks_;
  Trace& trace_;
  Verdict& verdict_;
  std::size_t terms_ = 0;  // in which somebody led
  OneLeaderPerTerm oneLeaderPerTerm_;
  LogMatching logMatching_;
  TermsAndVotesStand termsAndVotes_;
  CommittedEntries committedEntries_;
  LeadersCommit leadersCommit_;
  OldLeadersStepDown oldLeaders_;
  CommitIsOnMajority commitIsOnMajority_;
  MessagesDoNotMultiply messages_;
  NobodySpins spins_;
  StateHashesEqual stateHashes_;
  EventsDenseAndInOrder events_;
  EpochsNeverOwnedTwice epochs_;
  SinkDeliveries sinks_;
};

}  // namespace clusterkit::sim
