#include "daemon/node_api.hpp"

#include <utility>

#include "cluster/command_codec.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using http::FailureKind;

constexpr Duration kRefresh = 200ms;
constexpr Duration kRefreshSlack = 100ms;  // the heartbeats of consensus turn the loop more often than that

FailureKind kindOf(Status status) {
  switch (status) {
    // After all tries: nobody was found who leads.
    case Status::NotLeader: return FailureKind::NoLeader;
    case Status::Cancelled: return FailureKind::NotLeader;
    case Status::Again:
    case Status::Retry:
    case Status::Unavailable: return FailureKind::Unavailable;
    case Status::NoSpace: return FailureKind::NoSpace;
    case Status::Conflict:
    case Status::Denied: return FailureKind::Refused;
    case Status::Stale: return FailureKind::Removed;
    case Status::NotFound: return FailureKind::NotFound;
    case Status::Invalid: return FailureKind::Invalid;
    case Status::Unsupported: return FailureKind::Unsupported;
    case Status::Timeout: return FailureKind::TimedOut;
    case Status::Unknown: return FailureKind::Unknown;
    default: return FailureKind::Internal;
  }
}

http::Failure failureOf(const Failure& failure, const ClusterState& state) {
  const FailureKind kind = kindOf(failure.status);
  if ((kind == FailureKind::NoLeader || kind == FailureKind::Unavailable) && !state.exists())
    return {FailureKind::NotReady, "this node is not yet part of a cluster"};
  return {kind, failure.text};
}

// A read that takes too long has found no quorum: nothing else keeps it waiting.
http::Failure readFailureOf(Failure failure, const ClusterState& state) {
  if (failure.status == Status::Timeout) failure.status = Status::NotLeader;
  return failureOf(failure, state);
}

http::Answer<Outcome> answerOf(WriteResult result, const ClusterState& state) {
  switch (result.fate) {
    case WriteResult::Fate::Applied: return std::move(result.outcome);
    case WriteResult::Fate::NotDone: return failureOf({result.reason, std::move(result.text)}, state);
    case WriteResult::Fate::Unknown: break;
  }
  return http::Failure{FailureKind::Unknown, std::move(result.text)};
}

http::Answer<Outcome> outcomeOf(const proto::DutyResult& result) {
  Outcome outcome;
  if (!readEnum(result.outcome_code(), outcome.code))
    return http::Failure{FailureKind::Unknown, "the leader answered with outcome " +
                                                   std::to_string(result.outcome_code()) +
                                                   ", which this version does not know"};
  outcome.index = LogIndex(result.index());
  outcome.version = result.outcome_version();
  outcome.message = result.outcome_message();
  return outcome;
}

Owners ownersOf(const google::protobuf::RepeatedField<std::uint64_t>& members) {
  Owners out;
  for (const std::uint64_t member : members) out.emplace_back(member);
  return out;
}

template <class Message>
void setIdempotency(Message& out, const std::optional<Idempotency>& key) {
  if (!key) return;
  out.set_idempotency_key(key->key);
  out.set_known_index(key->knownIndex.value);
}

http::ConsensusRole roleOf(Role role) {
  switch (role) {
    case Role::Follower: return http::ConsensusRole::Follower;
    case Role::Candidate: return http::ConsensusRole::Candidate;
    case Role::Leader: return http::ConsensusRole::Leader;
    case Role::Learner: return http::ConsensusRole::Learner;
    case Role::Removed: return http::ConsensusRole::Removed;
  }
  return http::ConsensusRole::Follower;
}

std::unique_ptr<const std::shared_ptr<const http::MemberRoles>> shared(http::MemberRoles roles) {
  return std::make_unique<const std::shared_ptr<const http::MemberRoles>>(
      std::make_shared<const http::MemberRoles>(std::move(roles)));
}

}  // namespace

NodeApi::NodeApi(EventLoop& loop, Coordinator& coordinator, LeaderGate& gate, const MetricsRegistry& metrics,
                 EventLines& lines, Self self)
    : loop_(loop),
      coordinator_(coordinator),
      gate_(gate),
      metrics_(metrics),
      lines_(lines),
      self_(std::move(self)),
      startedAt_(loop.now()),
      status_(std::make_unique<const ConsensusStatus>()),
      roles_(shared({})),
      problem_(std::make_unique<const std::string>()) {
  coordinator_.addObserver(*this);
}

NodeApi::~NodeApi() {
  if (refreshing_) loop_.cancel(refreshing_);
}

void NodeApi::watchConsensus() {
  consensusRuns_ = true;
  refresh();
  refreshLater();
}

void NodeApi::stop() {
  consensusRuns_ = false;
  for (auto& [index, waiting] : std::exchange(waiting_, {})) waiting.ready();
}

void NodeApi::endConsensus(const std::string& problem) {
  problem_.publish(std::make_unique<const std::string>(problem));
  stop();
}

void NodeApi::refresh() {
  storeFull_ = coordinator_.storeIsFull();
  if (Result<ConsensusStatus> status = coordinator_.consensus().status())
    status_.publish(std::make_unique<const ConsensusStatus>(std::move(status.value())));
}

void NodeApi::refreshLater() {
  refreshing_ = loop_.patientTimerAt(loop_.now() + kRefresh, kRefreshSlack, [this] {
    refreshing_ = {};
    if (!consensusRuns_) return;
    refresh();
    const MonotonicTime now = loop_.now();
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      const auto present = it++;
      if (now < present->second.deadline) continue;
      Task ready = std::move(present->second.ready);
      waiting_.erase(present);
      ready();
    }
    refreshLater();
  });
}

http::NodeView NodeApi::node() const {
  http::NodeView view;
  view.id = self_.id;
  view.name = self_.name;
  view.member = self_.member;
  view.httpAddress = self_.httpAddress;
  view.uptime = std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - startedAt_);
  view.problem = *problem_.read();
  view.storeFull = storeFull_;
  const auto status = status_.read();
  if (status->contactAt) view.lastSync = loop_.wall() - (loop_.now() - *status->contactAt);
  if (!consensusRuns_) return view;
  view.role = roleOf(status->role);
  view.term = status->epoch;
  view.lastTerm = Epoch(status->lastTerm);
  view.firstIndex = status->firstIndex;
  view.lastIndex = status->lastIndex;
  view.durableIndex = status->durableIndex;
  view.commitIndex = status->commitIndex;
  view.appliedIndex = status->appliedIndex;
  view.snapshotIndex = status->snapshotIndex;
  return view;
}

void NodeApi::onEvents(std::function<void()> notice) {
  loop_.post([this, alive = lifetime_.watch(), notice = std::move(notice)]() mutable {
    if (!alive.expired()) eventNotice_ = std::move(notice);
  });
}

void NodeApi::propose(CommandBody body, http::WriteOptions options, http::Callback<Outcome> done) {
  loop_.post([this, alive = lifetime_.watch(), body = std::make_unique<CommandBody>(std::move(body)),
              options = std::move(options), done = std::move(done)]() mutable {
    if (alive.expired()) return;
    coordinator_.propose(std::move(*body), std::move(options.idempotency), options.deadline,
                         [this, alive, done = std::move(done)](WriteResult result) {
                           if (!alive.expired()) done(answerOf(std::move(result), coordinator_.current()));
                         });
  });
}

void NodeApi::readBarrier(MonotonicTime deadline, http::Callback<LogIndex> done) {
  loop_.post([this, alive = lifetime_.watch(), deadline, done = std::move(done)]() mutable {
    if (alive.expired()) return;
    coordinator_.readBarrier(deadline, [this, alive, done = std::move(done)](Result<LogIndex> result) {
      if (alive.expired()) return;
      if (result)
        done(result.value());
      else
        done(readFailureOf(result.failure(), coordinator_.current()));
    });
  });
}

void NodeApi::ask(proto::Duty duty, MonotonicTime deadline, DutyDone done, Wait wait) {
  loop_.post([this, alive = lifetime_.watch(), duty = std::make_unique<proto::Duty>(std::move(duty)),
              deadline, done = std::move(done), wait]() mutable {
    if (alive.expired()) return;
    gate_.ask(
        std::move(*duty), deadline,
        [this, alive, deadline, done = std::move(done), wait](Result<proto::DutyResult> result) mutable {
          const bool waits = result && wait == Wait::UntilApplied;
          const LogIndex index(waits ? result.value().index() : 0);
          if (alive.expired()) return;
          whenApplied(index, deadline, [done = std::move(done), result = std::move(result)]() mutable {
            done(std::move(result));
          });
        });
  });
}

void NodeApi::whenApplied(LogIndex index, MonotonicTime deadline, Task ready) {
  if (coordinator_.current().appliedIndex >= index)
    ready();
  else
    waiting_.emplace(index, Waiting{deadline, std::move(ready)});
}

void NodeApi::join(http::JoinRequest request, MonotonicTime deadline,
                   http::Callback<http::JoinAccepted> done) {
  proto::Duty duty;
  proto::JoinDuty& join = *duty.mutable_join();
  Command command;
  command.origin = {self_.member, 0, 1};  // the leader proposes it as its own
  const NodeId id = request.node.id;
  command.body = AddNode{std::move(request.node), {}};
  join.set_command(encodeCommand(command));
  if (request.cluster) join.set_cluster(request.cluster->value);
  if (request.clusterName) join.set_cluster_name(*request.clusterName);
  if (request.partitionCount) join.set_partition_count(*request.partitionCount);
  if (request.replicationFactor) join.set_replication_factor(*request.replicationFactor);
  if (request.protocol) join.set_protocol(*request.protocol);
  ask(std::move(duty), deadline, [this, id, done = std::move(done)](Result<proto::DutyResult> result) {
    if (!result) return done(failureOf(result.failure(), coordinator_.current()));
    const ClusterState& state = coordinator_.current();
    done(http::JoinAccepted{id, ClusterId(result.value().cluster()),
                            static_cast<std::uint32_t>(state.nodes.size()),
                            LogIndex(result.value().index())});
  });
}

void NodeApi::removeNode(NodeId node, RemoveNode::Consent consent, http::WriteOptions options,
                         http::Callback<Outcome> done) {
  const Wait wait = node == self_.id ? Wait::NotAtAll : Wait::UntilApplied;
  proto::Duty duty;
  duty.mutable_remove()->set_node(std::move(node));
  duty.mutable_remove()->set_consent(static_cast<std::uint32_t>(consent));
  setIdempotency(*duty.mutable_remove(), options.idempotency);
  const auto answer = [this, done = std::move(done)](Result<proto::DutyResult> result) {
    if (result)
      done(outcomeOf(result.value()));
    else
      done(failureOf(result.failure(), coordinator_.current()));
  };
  ask(std::move(duty), options.deadline, answer, wait);
}

void NodeApi::transferLeadership(std::optional<NodeId> to, MonotonicTime deadline,
                                 http::Callback<MemberId> done) {
  proto::Duty duty;
  duty.mutable_transfer()->set_node(to.value_or(""));
  ask(std::move(duty), deadline, [this, done = std::move(done)](Result<proto::DutyResult> result) {
    if (result)
      done(MemberId(result.value().leader()));
    else
      done(failureOf(result.failure(), coordinator_.current()));
  });
}

void NodeApi::previewRebalance(MonotonicTime deadline, http::Callback<RebalancePlan> done) {
  proto::Duty duty;
  duty.mutable_preview();
  ask(std::move(duty), deadline, [this, done = std::move(done)](Result<proto::DutyResult> result) {
    if (!result) return done(failureOf(result.failure(), coordinator_.current()));
    RebalancePlan plan;
    for (const proto::PlannedMove& move : result.value().moves())
      plan.moves.push_back({PartitionId(move.partition()), ownersOf(move.from()), ownersOf(move.to()),
                            ownersOf(move.copy_from())});
    done(std::move(plan));
  });
}

void NodeApi::startRebalance(http::WriteOptions options, http::Callback<Outcome> done) {
  proto::Duty duty;
  setIdempotency(*duty.mutable_rebalance(), options.idempotency);
  ask(std::move(duty), options.deadline, [this, done = std::move(done)](Result<proto::DutyResult> result) {
    if (result)
      done(outcomeOf(result.value()));
    else
      done(failureOf(result.failure(), coordinator_.current()));
  });
}

void NodeApi::onState(const ClusterState& state, Events) {
  if (consensusRuns_) refresh();
  // Compared, not taken from the events: a restored snapshot comes without them.
  if (std::exchange(noticedEvent_, state.nextEvent) != state.nextEvent && eventNotice_) eventNotice_();
  while (!waiting_.empty() && waiting_.begin()->first <= state.appliedIndex) {
    Task ready = std::move(waiting_.begin()->second.ready);
    waiting_.erase(waiting_.begin());
    ready();
  }
}

void NodeApi::onRole(Role, Epoch, MemberId) {
  publishRoles();
  if (consensusRuns_) refresh();
}

void NodeApi::onMembers(std::span<const Member>, LogIndex) { publishRoles(); }

void NodeApi::publishRoles() {
  const std::shared_ptr<const Membership> membership = coordinator_.membership();
  http::MemberRoles roles;
  roles.leader = membership->leader;
  roles.leaderSince = membership->leaderSince;
  roles.configIndex = membership->configIndex;
  for (const Member& member : membership->members)
    (member.kind == MemberKind::Voter ? roles.voters : roles.learners).push_back(member.peer.member);
  roles_.publish(shared(std::move(roles)));
}

}  // namespace clusterkit
