#include "cluster/scripted_cluster.hpp"

namespace clusterkit::test {

using namespace std::chrono_literals;

ScriptedNode::ScriptedNode(MemberId id, std::uint64_t boot)
    : member(id), coordinator(loop, log, [this](const std::string& reason) {
        brokenBy = reason;
        EXPECT_TRUE(mayBreak) << reason;
      }) {
  consensus.commits = consensus.changesMembers = false;  // the test does it
  make();
  bool opened = false;
  stack->startStore([&](const Result<StoreImage>& image) { opened = image.ok(); });
  scheduler.runFor(1ms);
  EXPECT_TRUE(opened);
  const TransportAddress address = stack->startTransport(id);
  coordinator.attach(*stack, id, boot);
  coordinator.peers().setCluster(ClusterId(5));
  stack->startConsensus({BootKind::Restart, ClusterId(5), {id, address.endpoint, address.publicKey}});
}

ScriptedNode::~ScriptedNode() {
  stack->stop(3s, [](const StopReport&) {});
  settle();
}

ScriptedNode& ScriptedCluster::start(std::uint64_t member, std::uint64_t boot) {
  crash(member);
  nodes_[member] = std::make_unique<ScriptedNode>(MemberId(member), boot);
  ScriptedNode& started = node(member);
  for (auto& [id, other] : nodes_)
    if (id != member) connect(started, *other);
  for (std::size_t i = 0; i < log_.size(); ++i) {
    const Committed entry{LogIndex(i + 1), Epoch(1), log_[i]};
    started.coordinator.commit({&entry, 1});
  }
  return started;
}

void ScriptedCluster::crash(std::uint64_t member) {
  if (nodes_.erase(member) == 0) return;
  for (auto& [id, other] : nodes_) other->transport.object->peer(member, false);
}

ScriptedNode& ScriptedCluster::node(std::uint64_t member) { return *nodes_.at(member); }

void ScriptedCluster::connect(ScriptedNode& one, ScriptedNode& other) {
  one.stack->transport().addCandidate({other.member, "somewhere:1", ""});
  other.stack->transport().addCandidate({one.member, "somewhere:1", ""});
  one.transport.object->peer(other.member.value, true);
  other.transport.object->peer(one.member.value, true);
}

void ScriptedCluster::lead(std::uint64_t leader, std::uint64_t epoch) {
  epoch_ = Epoch(epoch);
  runFor(1ms);  // who is up is known by then
  for (const auto& [id, unused] : nodes_) lead(leader, epoch, id);
}

void ScriptedCluster::lead(std::uint64_t leader, std::uint64_t epoch, std::uint64_t heardBy) {
  const Role role = leader == heardBy ? Role::Leader : Role::Follower;
  node(heardBy).coordinator.role(role, Epoch(epoch), MemberId(leader));
}

void ScriptedCluster::found() {
  ClusterFacts facts;
  facts.id = ClusterId(5);
  facts.name = "scripted";
  facts.partitionCount = 4;
  facts.replicationFactor = 2;
  NodeSpec first;
  first.id = "node-1";
  first.member = MemberId(1);
  first.boot = 1;
  first.httpAddress = "10.0.0.1:8080";
  first.transportAddress = "10.0.0.1:9080";
  lead(1, 1);
  const Fate founded = propose(1, CreateCluster{facts, first});
  ASSERT_TRUE(runUntil([&] { return founded->has_value(); }));
  ASSERT_TRUE((*founded)->outcome.applied()) << (*founded)->outcome.message;
}

ScriptedCluster::Fate ScriptedCluster::propose(std::uint64_t member, CommandBody body,
                                               std::optional<Idempotency> key, Duration deadline) {
  auto fate = std::make_shared<std::optional<WriteResult>>();
  ScriptedNode& at = node(member);
  at.coordinator.propose(std::move(body), std::move(key), at.loop.now() + deadline,
                         [fate](WriteResult result) { fate->emplace(std::move(result)); });
  return fate;
}

void ScriptedCluster::runFor(Duration time) {
  for (Duration passed{0}; passed < time; passed += 1ms) tick();
}

bool ScriptedCluster::runUntil(const std::function<bool()>& condition, Duration limit) {
  for (Duration passed{0}; passed < limit && !condition(); passed += 1ms) tick();
  return condition();
}

void ScriptedCluster::tick() {
  std::vector<CarriedMessage> sent;
  for (auto& [id, node] : nodes_) {
    node->scheduler.runFor(1ms);
    noteEpochs(*node);
    for (auto& [to, bytes] : std::exchange(node->transport.sent, {}))
      sent.push_back({node->member, MemberId(to), bytes});
  }
  for (const CarriedMessage& message : sent) {
    carried.push_back(message);
    for (int copies = faults(message); copies > 0; --copies) deliver(message);
  }
  if (commits) commitAll();
}

void ScriptedCluster::deliver(const CarriedMessage& message) {
  const auto to = nodes_.find(message.to.value);
  if (to != nodes_.end()) to->second->transport.object->receive(message.from.value, message.bytes);
}

void ScriptedCluster::commitAll() {
  for (auto& [id, node] : nodes_) {
    noteEpochs(*node);
    FakeConsensus& consensus = *node->consensus.object;
    for (const auto& proposal : std::exchange(consensus.waiting, {})) {
      commit(proposal.command, proposedIn_.at({node->member, proposal.token}));
      consensus.host.complete(proposal.token, CK_OK, log_.size());
    }
  }
}

// An entry keeps the epoch in which it was proposed, whoever commits it later.
void ScriptedCluster::noteEpochs(ScriptedNode& node) {
  for (const auto& proposal : node.consensus.object->waiting)
    proposedIn_.try_emplace({node.member, proposal.token}, epoch_);
}

void ScriptedCluster::commit(const std::string& command, Epoch epoch) {
  log_.push_back(command);
  const Committed entry{LogIndex(log_.size()), epoch, log_.back()};
  for (auto& [id, node] : nodes_) node->coordinator.commit({&entry, 1});
}

}  // namespace clusterkit::test
