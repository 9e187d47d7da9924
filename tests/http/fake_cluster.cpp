#include "http/fake_cluster.hpp"

namespace clusterkit::http::test {
namespace {

// 2023-11-14T22:13:20Z: every stamp of the fake, so that answers can be compared byte by byte.
WallTime stamp() { return WallTime(std::chrono::seconds(1'700'000'000)); }

ClusterFacts facts() {
  ClusterFacts facts;
  facts.id = ClusterId(0xc1);
  facts.name = "test";
  facts.partitionCount = 4;
  facts.replicationFactor = 2;
  facts.eventsRetain = 200;
  return facts;
}

}  // namespace

NodeSpec specOf(std::uint64_t number) {
  NodeSpec spec;
  spec.id = "node-" + std::to_string(number);
  spec.member = MemberId(number);
  spec.boot = number;
  spec.name = "Node " + std::to_string(number);
  spec.httpAddress = "127.0.0.1:" + std::to_string(8000 + number);
  spec.transportAddress = "127.0.0.1:" + std::to_string(9000 + number);
  spec.transportKey = "\x01\xfe";
  spec.zone = "z" + std::to_string(number);
  return spec;
}

FakeCluster::FakeCluster(Start start, Answers answers)
    : answers_(answers),
      roles_(std::make_shared<const MemberRoles>()),
      builder_(ClusterState{}),
      state_(std::make_unique<const ClusterState>()) {
  if (answers_ == Answers::OnItsThread) thread_ = std::thread([this] { run(); });
  view.id = "node-1";
  view.name = "Node 1";
  view.member = MemberId(1);
  view.httpAddress = "127.0.0.1:8001";
  if (start == Start::Empty) return;
  apply(CreateCluster{facts(), specOf(1)});
  for (std::uint64_t number : {2u, 3u}) {
    apply(AddNode{specOf(number), stamp()});
    apply(SetNodeStatus{MemberId(number), 0, NodeStatus::Active, stamp(), {}, Epoch()});
  }
  apply(AnnounceLeader{MemberId(1)});
  MemberRoles roles;
  roles.leader = MemberId(1);
  roles.leaderSince = stamp();
  roles.configIndex = LogIndex(4);
  roles.voters = {MemberId(1), MemberId(2)};
  roles.learners = {MemberId(3)};
  setRoles(roles);
  view.role = ConsensusRole::Leader;
  view.term = view.lastTerm = Epoch(3);
  view.firstIndex = LogIndex(1);
  view.lastIndex = view.durableIndex = LogIndex(9);
  view.commitIndex = view.appliedIndex = LogIndex(8);
  view.snapshotIndex = LogIndex(2);
  view.uptime = std::chrono::milliseconds(3'723'400);
  view.lastSync = stamp();
}

FakeCluster::~FakeCluster() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    held_ = false;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FakeCluster::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !held_ && (stopping_ || !queue_.empty()); });
    if (queue_.empty()) return;
    const auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

void FakeCluster::post(std::function<void()> work) {
  if (answers_ == Answers::AtOnce) return work();
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_all();
}

void FakeCluster::holdBack() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void FakeCluster::release() {
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
  }
  changed_.notify_all();
}

Outcome FakeCluster::apply(CommandBody body, std::optional<Idempotency> idempotency) {
  const std::lock_guard lock(applying_);
  Command command;
  command.stamp = stamp();
  command.idempotency = std::move(idempotency);
  command.body = std::move(body);
  const LogIndex index(builder_.state().appliedIndex.value + 1);
  const Outcome outcome = builder_.apply(index, Epoch(3), command);
  state_.publish(std::make_unique<const ClusterState>(builder_.state()));
  if (!builder_.takeEvents().empty() && eventNotice_) eventNotice_();
  return outcome;
}

void FakeCluster::onEvents(std::function<void()> notice) {
  const std::lock_guard lock(applying_);
  eventNotice_ = std::move(notice);
}

void FakeCluster::fail(std::optional<Failure> failure) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(failure);
}

void FakeCluster::setRoles(MemberRoles roles) {
  const std::lock_guard lock(mutex_);
  roles_ = std::make_shared<const MemberRoles>(std::move(roles));
}

std::shared_ptr<const MemberRoles> FakeCluster::roles() const {
  const std::lock_guard lock(mutex_);
  return roles_;
}

std::vector<JoinRequest> FakeCluster::joins() const {
  const std::lock_guard lock(mutex_);
  return joins_;
}

std::vector<WriteOptions> FakeCluster::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

int FakeCluster::barriers() const {
  const std::lock_guard lock(mutex_);
  return barriers_;
}

std::optional<std::uint64_t> FakeCluster::stateHashAt(LogIndex index) const {
  return index == LogIndex(2) ? std::optional<std::uint64_t>(0xabc) : std::nullopt;
}

template <class T>
bool FakeCluster::failed(const Callback<T>& done) {
  std::optional<Failure> failure;
  {
    const std::lock_guard lock(mutex_);
    failure = failure_;
  }
  if (failure) post([done, failure] { done(*failure); });
  return failure.has_value();
}

void FakeCluster::propose(CommandBody body, WriteOptions options, Callback<Outcome> done) {
  if (failed(done)) return;
  {
    const std::lock_guard lock(mutex_);
    writes_.push_back(options);
  }
  post([this, body = std::move(body), options, done] { done(apply(body, options.idempotency)); });
}

void FakeCluster::readBarrier(MonotonicTime, Callback<LogIndex> done) {
  if (failed(done)) return;
  post([this, done] {
    {
      const std::lock_guard lock(mutex_);
      ++barriers_;
    }
    done(state()->appliedIndex);
  });
}

void FakeCluster::join(JoinRequest request, MonotonicTime, Callback<JoinAccepted> done) {
  if (failed(done)) return;
  {
    const std::lock_guard lock(mutex_);
    joins_.push_back(request);
  }
  post([this, request, done] {
    const Outcome outcome = apply(AddNode{request.node, stamp()});
    if (!outcome.applied()) return done(Failure{FailureKind::Refused, outcome.message});
    done(JoinAccepted{request.node.id, ClusterId(0xc1), static_cast<std::uint32_t>(state()->nodes.size()),
                      outcome.index});
  });
}

void FakeCluster::removeNode(NodeId node, RemoveNode::Consent consent, WriteOptions options,
                             Callback<Outcome> done) {
  if (failed(done)) return;
  if (options.idempotency) options.idempotency->request = "remove " + node;
  if (const auto known =
          options.idempotency ? outcomeOfRepeated(*state(), *options.idempotency) : std::nullopt)
    return post([done, known] { done(*known); });
  const MemberId member =
      state()->findNode(node) != nullptr ? state()->findNode(node)->spec.member : MemberId();
  RemoveNode command;
  command.member = member;
  command.consent = consent;
  propose(command, std::move(options), std::move(done));
}

void FakeCluster::transferLeadership(std::optional<NodeId> to, MonotonicTime, Callback<MemberId> done) {
  if (failed(done)) return;
  transferredTo = to;
  post([done] { done(MemberId(2)); });
}

void FakeCluster::previewRebalance(MonotonicTime, Callback<RebalancePlan> done) {
  if (failed(done)) return;
  post([this, done] { done(plan); });
}

void FakeCluster::startRebalance(WriteOptions options, Callback<Outcome> done) {
  if (failed(done)) return;
  StartRebalance command;
  command.mapEpoch = state()->mapEpoch();
  command.handoff = HandoffMode::Acknowledged;
  command.moves = plan.ownerChanges();
  if (options.idempotency) options.idempotency->request = "rebalance";
  propose(std::move(command), std::move(options), std::move(done));
}

}  // namespace clusterkit::http::test
