#include "simulation/oracle.hpp"

#include "codec.hpp"

namespace clusterkit::sim {

void Oracle::opened(MemberId member, const Disk& disk) {
  committedEntries_.began(member);
  leadersCommit_.began(member);
  events_.began(member);
  termsAndVotes_.opened(member, disk, verdict_);
}

void Oracle::written(MemberId member, const DiskBatch& batch) {
  termsAndVotes_.written(member, batch, verdict_);
  logMatching_.written(member, batch, verdict_);
}

void Oracle::sent(MemberId member, std::uint32_t lane, std::string_view bytes) {
  messages_.sent(scheduler_.now(), verdict_);
  // Entries and pieces of snapshots, which have the other lanes, promise nothing.
  if (!readsMessages || lane != CK_LANE_CONTROL || bytes.empty()) return;
  const auto message = raft::wire::decodeMessage(bytes.substr(0, bytes.size() - 1));
  if (!message) return;  // not Raft's
  const Disk& disk = disks_.at(member);
  PromisesAreDurable::sent(*message, disk, verdict_);
  if (const auto to = disks_.find(message->to); to != disks_.end())
    AcknowledgementsAreTrue::sent(*message, disk, to->second, verdict_);
}

void Oracle::endOfEvent() {
  spins_.event(scheduler_.now(), verdict_);
  commitIsOnMajority_.endOfEvent(disks_, verdict_);
  if (leadersCommit_.isQuiet()) return;
  for (const MemberId member : leadersCommit_.takeNews())
    if (const auto status = statusOf(member))
      leadersCommit_.judge(member, *status, disks_.at(member), verdict_);
}

void Oracle::role(MemberId member, Role role, Epoch term, MemberId) {
  if (role != Role::Leader) return;
  ++terms_;
  oneLeaderPerTerm_.leads(member, term, verdict_);
  oldLeaders_.leads(term, scheduler_.now());
  leadersCommit_.leads(member);
  if (term == oneLeaderPerTerm_.newest())
    LeaderIsComplete::leads(member, disks_.at(member), committedEntries_, verdict_);
}

void Oracle::members(MemberId member, std::span<const Member> members, LogIndex index) {
  std::uint64_t voters = 0;
  for (const Member& m : members)
    if (m.kind == MemberKind::Voter) voters |= std::uint64_t{1} << m.peer.member.value;
  trace_.note(Step::Members, member.value, index.value, voters);
  leadersCommit_.members(member, index);
  commitIsOnMajority_.members(member, members, index);
}

void Oracle::stillLeads(MemberId member, Epoch term, MonotonicTime awake, Duration patience) {
  oldLeaders_.stillLeads(member, term, awake, scheduler_.now(), patience, verdict_);
}

void Oracle::committed(MemberId member, std::span<const Committed> entries) {
  AppliedIsDurable::committed(member, entries, disks_.at(member), verdict_);
  committedEntries_.committed(member, entries, verdict_, [&](LogIndex index, CommittedEntries::Entry entry) {
    commitIsOnMajority_.committed(member, index, entry.term);
    leadersCommit_.committed(member);
    trace_.note(Step::Committed, member.value, index.value, entry.bytes);
  });
}

void Oracle::state(MemberId member, const ClusterState& state,
                   std::span<const std::shared_ptr<const ClusterEvent>> events) {
  stateHashes_.state(member, state, verdict_);
  events_.state(member, state, events, verdict_);
  epochs_.state(member, state, verdict_);
  if (watchesSinks) sinks_.state(member, state, events, verdict_);
}

void Oracle::sinkTold(MemberId member, const SinkRules& sink, const ClusterEvent& event) {
  trace_.note(Step::SinkTold, member.value, event.seq.value, event.body.index());
  const bool inOffice = sink.scope != SinkScope::Leader || oneLeaderPerTerm_.leadsNewest(member);
  sinks_.told(member, sink, event, inOffice, verdict_);
}

void Oracle::sinkDone(MemberId member, const SinkRules& sink, const ClusterEvent& event) {
  trace_.note(Step::SinkDone, member.value, event.seq.value);
  sinks_.done(member, sink, event, verdict_);
}

void Oracle::sinkLoaded(MemberId member, const SinkRules& sink, const std::optional<SinkCursor>& cursor) {
  sinks_.loaded(member, sink, cursor, verdict_);
}

void Oracle::sinkSaving(MemberId member, const SinkRules& sink, const SinkCursor& cursor) {
  sinks_.saving(member, sink, cursor, verdict_);
}

void Oracle::sinkSaved(MemberId member, const SinkRules& sink, const SinkCursor& cursor) {
  sinks_.saved(member, sink, cursor);
}

void Oracle::sinkOrdered(MemberId member, const SinkRules& sink, std::optional<EventSeq> after) {
  sinks_.ordered(member, sink, after);
}

// Only a failed disk is a reason to stop; everything else is a promise that somebody has broken.
void Oracle::ended(MemberId member, const std::string& reason, bool storeFailed) {
  if (!storeFailed) verdict_.broken("NodesStayUp", "member " + std::to_string(member.value) + ": " + reason);
}

void Oracle::acknowledged(LogIndex index) {
  if (!committedEntries_.contains(index))
    verdict_.broken("AcknowledgedMeansCommitted", "index " + std::to_string(index.value));
}

LogIndex Oracle::lastCommitted() const { return committedEntries_.last().first; }

}  // namespace clusterkit::sim
