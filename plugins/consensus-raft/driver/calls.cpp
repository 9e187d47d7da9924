// The host's calls, each turned into one event; and what this node knows of itself.
#include <utility>

#include "codec.hpp"
#include "driver.hpp"
#include "records.hpp"

namespace clusterkit::raft {
namespace {

// The call of the ABI as the core's change; nothing for a kind that this version does not know.
std::optional<MemberChange> changeFrom(const ck_member_change& change) {
  const MemberId id(change.peer.member);
  const auto member = [&] {
    return Member{id, change.peer.endpoint, std::string(view(change.peer.public_key)), MemberKind::Learner,
                  false};
  };
  switch (change.kind) {
    case CK_CHANGE_ADD_LEARNER: return AddLearner{member()};
    case CK_CHANGE_PROMOTE: return PromoteLearner{id};
    case CK_CHANGE_DEMOTE: return DemoteVoter{id};
    case CK_CHANGE_REMOVE: return RemoveMember{id};
    case CK_CHANGE_UPDATE_PEER: return UpdatePeer{member()};
    default: return std::nullopt;
  }
}

ck_progress progressOf(const Member& member, const Progress& progress, MonotonicTime now, Duration silent) {
  ck_progress out{};
  out.size = sizeof out;
  out.kind = member.kind == MemberKind::Learner ? CK_MEMBER_LEARNER : CK_MEMBER_VOTER;
  out.member = member.id.value;
  out.match_index = progress.matchIndex.value;
  out.last_contact = static_cast<std::uint64_t>(progress.lastContact.time_since_epoch().count());
  out.active = progress.heardInTerm && now - progress.lastContact < silent ? 1 : 0;
  out.snapshotting = progress.state == ProgressState::Snapshot ? 1 : 0;
  return out;
}

}  // namespace

std::uint32_t roleNumber(Role role) {
  switch (role) {
    case Role::Follower: return CK_ROLE_FOLLOWER;
    case Role::PreCandidate:
    case Role::Candidate: return CK_ROLE_CANDIDATE;
    case Role::Leader: return CK_ROLE_LEADER;
    case Role::Learner: return CK_ROLE_LEARNER;
    case Role::Removed: return CK_ROLE_REMOVED;
  }
  return CK_ROLE_FOLLOWER;
}

void Driver::propose(const ck_span* commands, std::uint64_t count, ck_token first) {
  if (!running()) {
    for (std::uint64_t i = 0; i < count; ++i) host_.fail(first + i, CK_UNAVAILABLE, "the log is being read");
    return;
  }
  Propose event{{}, Handle(first)};
  event.commands.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) event.commands.emplace_back(std::string(view(commands[i])));
  feed(std::move(event));
}

void Driver::barrier(ck_token token) {
  if (running())
    feed(Barrier{Handle(token)});
  else
    host_.fail(token, CK_UNAVAILABLE, "the log is being read");
}

void Driver::changeMembers(const ck_member_change& change, ck_token token) {
  const std::optional<MemberChange> known = changeFrom(change);
  if (!known)
    host_.fail(token, CK_UNSUPPORTED, "unknown change of members " + std::to_string(change.kind));
  else if (!running())
    host_.fail(token, CK_UNAVAILABLE, "the log is being read");
  else
    feed(ChangeMembers{*known, Handle(token)});
}

void Driver::stepDown(std::uint64_t to, ck_token token) {
  if (running())
    feed(TransferLeadership{MemberId(to), Handle(token)});
  else
    host_.fail(token, CK_UNAVAILABLE, "the log is being read");
}

void Driver::applied(std::uint64_t) {
  if (running()) commitKept();
}

void Driver::compact(const ck_snap_meta& meta) { feed(SnapshotWritten{snapshotFrom(meta)}); }

void Driver::onMessage(std::uint64_t from, std::uint32_t, Buffer message) {
  std::optional<Message> decoded = wire::decodeMessage(message.bytes());
  if (decoded) {
    feed(Receive{MemberId(from), std::move(*decoded)});
  } else {
    ++malformed_;
    host_.count("raft_messages_malformed");
  }
}

void Driver::onPeer(std::uint64_t member, bool up) {
  if (up)
    feed(PeerUp{MemberId(member)});
  else
    feed(PeerDown{MemberId(member)});
}

void Driver::onDurable(std::uint64_t uptoSeq, const ck_error* error) {
  if (error != nullptr)
    throw Error(error->code, std::string("the store failed: ") + error->msg, error->os_errno);
  feed(Durable{BatchNumber(uptoSeq)});
}

void Driver::onStoreWritable() {
  if (running()) log_->onWritable();
}

void Driver::onTransportWritable(std::uint64_t member, std::uint32_t) { feed(PeerUp{MemberId(member)}); }

ck_status Driver::status(ck_consensus_status& out) {
  if (!running()) return CK_UNAVAILABLE;
  const Status s = raft_->status();
  out.role = roleNumber(s.role);
  out.epoch = s.term.value;
  out.leader = s.leader.value;
  out.commit_index = s.commitIndex.value;
  out.applied_index = s.appliedIndex.value;
  out.last_index = s.lastIndex.value;
  out.last_term = s.lastTerm.value;
  out.durable_index = s.durableIndex.value;
  out.first_index = s.firstIndex.value;
  out.snapshot_index = s.snapshotIndex.value;
  out.config_index = s.configurationIndex.value;
  out.elected_at = s.leader ? static_cast<std::uint64_t>(s.electedAt.time_since_epoch().count()) : 0;
  // A host that is older has no room for it.
  if (out.size >= offsetof(ck_consensus_status, contact_at) + sizeof out.contact_at)
    out.contact_at = static_cast<std::uint64_t>(s.contactAt.time_since_epoch().count());
  const Configuration& configuration = raft_->configuration();
  out.member_count = configuration.memberCount();
  out.voter_count = configuration.voters().size();
  out.progress_count = 0;
  for (const Member& member : configuration.members) {
    const Progress* progress = raft_->progressOf(member.id);
    if (progress == nullptr) continue;
    // All are counted: the caller comes again with a larger array.
    const std::uint64_t at = out.progress_count++;
    if (out.progress_out != nullptr && at < out.progress_capacity)
      out.progress_out[at] = progressOf(member, *progress, now(), options_.electionTimeout);
  }
  return CK_OK;
}

void Driver::stop(ck_token token) {
  stopped_ = true;
  timer_.cancel();
  host_.post([host = host_, token] { host.complete(token, CK_OK); });
}

}  // namespace clusterkit::raft
