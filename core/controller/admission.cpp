#include "controller/admission.hpp"

#include <algorithm>
#include <utility>

#include "cluster/command_codec.hpp"
#include "cluster/record_codec.hpp"
#include "controller/join_check.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kReachLimit = 2s;
constexpr Duration kReachPoll = 5ms;

template <class Body>
std::optional<Body> commandIn(const std::string& bytes) {
  auto decoded = decodeCommand(bytes);
  auto* command = std::get_if<Command>(&decoded);
  Body* body = command != nullptr ? std::get_if<Body>(&command->body) : nullptr;
  return body != nullptr ? std::optional(std::move(*body)) : std::nullopt;
}

JoinClaims claimsOf(const proto::JoinDuty& duty) {
  JoinClaims claims;
  if (duty.has_cluster()) claims.cluster = ClusterId(duty.cluster());
  if (duty.has_cluster_name()) claims.clusterName = duty.cluster_name();
  if (duty.has_partition_count()) claims.partitionCount = duty.partition_count();
  if (duty.has_replication_factor()) claims.replicationFactor = duty.replication_factor();
  if (duty.has_protocol()) claims.protocol = duty.protocol();
  return claims;
}

std::string reasonOf(const CallOutcome& outcome) {
  return outcome.text.empty() ? std::string(name(outcome.status)) : outcome.text;
}

Peer peerOf(const NodeSpec& spec) { return {spec.member, spec.transportAddress, spec.transportKey}; }

}  // namespace

Result<proto::DutyResult> dutyResultOf(const WriteResult& result, ClusterId cluster) {
  if (result.fate != WriteResult::Fate::Applied) {
    const Status status = result.fate == WriteResult::Fate::Unknown ? Status::Unknown : result.reason;
    return Failure{status, result.text};
  }
  proto::DutyResult out;
  out.set_index(result.outcome.index.value);
  out.set_cluster(cluster.value);
  out.set_outcome_code(static_cast<std::uint32_t>(result.outcome.code));
  out.set_outcome_version(result.outcome.version);
  out.set_outcome_message(result.outcome.message);
  return out;
}

Admission::Admission(EventLoop& loop, Coordinator& coordinator, TransportPort& transport, LastSeen lastSeen,
                     WhyNotRemove whyNotRemove, WhyNotTransfer whyNotTransfer)
    : loop_(loop),
      coordinator_(coordinator),
      transport_(transport),
      lastSeen_(std::move(lastSeen)),
      whyNotRemove_(std::move(whyNotRemove)),
      whyNotTransfer_(std::move(whyNotTransfer)) {}

void Admission::answerLater(DutyAnswer answer, Result<proto::DutyResult> result) {
  loop_.post([a = std::move(answer), r = std::move(result)]() mutable { a(std::move(r)); });
}

void Admission::propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
                        DutyAnswer answer) {
  coordinator_.propose(
      std::move(body), std::move(idempotency), deadline,
      [cluster = coordinator_.current().facts->id, a = std::move(answer)](WriteResult result) mutable {
        a(dutyResultOf(result, cluster));
      },
      Route::HereOnly);
}

void Admission::join(const proto::JoinDuty& duty, MonotonicTime deadline, DutyAnswer answer) {
  auto command = commandIn<AddNode>(duty.command());
  if (!command)
    return answerLater(std::move(answer), Failure{Status::Invalid, "the join request cannot be read"});
  const ClusterState& state = coordinator_.current();
  if (!state.exists())
    return answerLater(std::move(answer), Failure{Status::Unavailable, "the cluster is still being founded"});
  if (auto refusal = joinRefusal(state, command->node, claimsOf(duty)))
    return answerLater(std::move(answer), Failure{refusal->status, "join refused: " + refusal->text});
  auto candidate = std::make_shared<Candidate>();
  candidate->command = std::move(*command);
  candidate->deadline = deadline;
  candidate->reachableBy = std::min(deadline, loop_.now() + kReachLimit);
  candidate->answer = std::move(answer);
  const Peer peer = peerOf(candidate->command.node);
  candidate->standing = standingOf(peer);
  // Whoever claims the name of a member that answers must not cut its link.
  if (candidate->standing == Standing::Moved && transport_.isUp(peer.member))
    return answerLater(std::move(candidate->answer),
                       Failure{Status::Conflict, "join refused: this member answers at another address"});
  transport_.addCandidate(peer);
  awaitReachable(std::move(candidate));
}

Admission::Standing Admission::standingOf(const Peer& peer) const {
  for (const Member& member : coordinator_.membership()->members)
    if (member.peer.member == peer.member) return member.peer == peer ? Standing::Member : Standing::Moved;
  return Standing::New;
}

// A link is up once the other side has proved at that address that it is the member it claims to be. A node
// that cannot be reached must not become a member: it would count towards the quorum.
void Admission::awaitReachable(std::shared_ptr<Candidate> candidate) {
  const NodeSpec& node = candidate->command.node;
  if (transport_.isUp(node.member)) return reached(std::move(candidate));
  if (loop_.now() < candidate->reachableBy) {
    loop_.timerAfter(kReachPoll, [this, alive = lifetime_.watch(), candidate]() mutable {
      if (!alive.expired()) awaitReachable(std::move(candidate));
    });
    return;
  }
  const std::string why = transport_.whyDown(node.member);
  transport_.removeCandidate(node.member);
  candidate->answer(Failure{
      Status::Conflict, "join refused: transport address " + node.transportAddress +
                            " cannot be reached from the leader" +
                            (why.empty() ? ", or another member answers there" : ", which says: " + why)});
}

// A member that answers at a new address is first told to all, or only this leader would find it.
void Admission::reached(std::shared_ptr<Candidate> candidate) {
  if (candidate->standing != Standing::Moved) return admit(std::move(candidate));
  const NodeSpec spec = candidate->command.node;
  updatePeer(spec, [this, alive = lifetime_.watch(), candidate](std::optional<Failure> failure) mutable {
    if (!alive.expired() && !failure) return admit(std::move(candidate));
    candidate->answer(failure.value_or(Failure{Status::Unavailable, "stopping"}));
  });
}

void Admission::admit(std::shared_ptr<Candidate> candidate) {
  candidate->command.lastSeenAt = WallTime();
  const MemberId member = candidate->command.node.member;
  AddNode command = candidate->command;
  propose(
      std::move(command), std::nullopt, candidate->deadline,
      [this, alive = lifetime_.watch(), member, candidate](Result<proto::DutyResult> result) {
        const bool refused = !result || result.value().outcome_code() != writeEnum(OutcomeCode::Applied);
        if (refused && !alive.expired() && coordinator_.current().findNode(member) == nullptr)
          transport_.removeCandidate(member);
        if (result && refused)
          candidate->answer(Failure{Status::Conflict, "join refused: " + result.value().outcome_message()});
        else
          candidate->answer(std::move(result));
      });
}

void Admission::announce(const proto::AnnounceDuty& duty, MonotonicTime deadline, DutyAnswer answer) {
  auto command = commandIn<RejoinNode>(duty.command());
  if (!command)
    return answerLater(std::move(answer), Failure{Status::Invalid, "the announcement cannot be read"});
  const ClusterState& state = coordinator_.current();
  if (state.findNode(command->node.member) == nullptr)
    return answerLater(std::move(answer), Failure{Status::NotFound, "no such member"});
  command->lastSeenAt = lastSeen_(command->node.member);
  const NodeSpec spec = command->node;  // the command is moved into the handler
  updatePeer(spec, [this, alive = lifetime_.watch(), command = std::move(*command), deadline,
                    answer = std::move(answer)](std::optional<Failure> failure) mutable {
    if (alive.expired() || failure) return answer(failure.value_or(Failure{Status::Unavailable, "stopping"}));
    propose(std::move(command), std::nullopt, deadline, std::move(answer));
  });
}

// A node that came back at another address is told to all by the consensus' configuration.
void Admission::updatePeer(const NodeSpec& spec, UniqueFunction<void(std::optional<Failure>)> done) {
  const auto membership = coordinator_.membership();
  const auto known = std::find_if(membership->members.begin(), membership->members.end(),
                                  [&](const Member& m) { return m.peer.member == spec.member; });
  if (known == membership->members.end() || known->peer == peerOf(spec)) {
    loop_.post([d = std::move(done)]() mutable { d(std::nullopt); });
    return;
  }
  coordinator_.consensus().changeMembers({ChangeKind::UpdatePeer, peerOf(spec)},
                                         [d = std::move(done)](CallOutcome outcome) mutable {
                                           if (outcome.ok())
                                             d(std::nullopt);
                                           else
                                             d(Failure{outcome.status, std::move(outcome.text)});
                                         });
}

void Admission::remove(const proto::RemoveDuty& duty, MonotonicTime deadline, DutyAnswer answer) {
  const ClusterState& state = coordinator_.current();
  RemoveNode::Consent consent{};
  // A word that a newer version may have sent must not get into the log: every node would stop at it.
  if (!readEnum(duty.consent(), consent))
    return answerLater(std::move(answer),
                       Failure{Status::Invalid, "the removal has a consent that this version does not know"});
  // By the node's id: which member it was is forgotten once it is gone, and another may have come under it.
  auto key = idempotencyOf(duty, "remove " + std::string(toString(consent)) + " " + duty.node());
  if (auto known = key ? outcomeOfRepeated(state, *key) : std::nullopt)
    return answerLater(
        std::move(answer),
        dutyResultOf(WriteResult{WriteResult::Fate::Applied, *known, {}, {}}, state.facts->id));
  const NodeRecord* node = state.findNode(duty.node());
  if (node == nullptr)
    return answerLater(std::move(answer), Failure{Status::NotFound, "no node '" + duty.node() + "'"});
  const MemberId member = node->spec.member;
  if (std::string why = whyNotRemove_(member, consent); !why.empty())
    return answerLater(std::move(answer), Failure{Status::Conflict, std::move(why)});
  if (member == coordinator_.self()) return handOverFirst(std::move(answer));
  propose(RemoveNode{member, LeaveReason::RemovedByAdmin, consent}, std::move(key), deadline,
          std::move(answer));
}

// A leader does not remove itself: it hands over, and the asker finds the new leader.
void Admission::handOverFirst(DutyAnswer answer) {
  if (const std::string why = whyNotTransfer_(MemberId()); !why.empty())
    return answerLater(std::move(answer), Failure{Status::Conflict, "the leader cannot hand over: " + why});
  coordinator_.consensus().stepDown(MemberId(), [a = std::move(answer)](CallOutcome outcome) mutable {
    a(outcome.ok() ? Failure{Status::NotLeader, "leadership was handed over first"}
                   : Failure{Status::Conflict, "the leader cannot hand over: " + reasonOf(outcome)});
  });
}

void Admission::transfer(const proto::TransferDuty& duty, DutyAnswer answer) {
  const ClusterState& state = coordinator_.current();
  MemberId to;
  if (!duty.node().empty()) {
    const NodeRecord* node = state.findNode(duty.node());
    if (node == nullptr)
      return answerLater(std::move(answer), Failure{Status::NotFound, "no node '" + duty.node() + "'"});
    to = node->spec.member;
  }
  if (std::string why = whyNotTransfer_(to); !why.empty())
    return answerLater(std::move(answer), Failure{Status::Conflict, std::move(why)});
  coordinator_.consensus().stepDown(
      to, [this, alive = lifetime_.watch(), to, a = std::move(answer)](CallOutcome outcome) mutable {
        if (!outcome.ok())
          return a(Failure{outcome.status, "the transfer did not succeed: " + reasonOf(outcome)});
        proto::DutyResult result;
        result.set_leader(to ? to.value : alive.expired() ? 0 : coordinator_.membership()->leader.value);
        a(std::move(result));
      });
}

}  // namespace clusterkit
