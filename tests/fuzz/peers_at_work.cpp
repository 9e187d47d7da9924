#include "fuzz/peers_at_work.hpp"

#include "cluster/whole_state.hpp"
#include "fuzz/require.hpp"

namespace clusterkit::fuzz {
namespace {

using namespace std::chrono_literals;

// Nothing happens by itself.
const DutySettings& quiet() {
  static const DutySettings settings = [] {
    DutySettings made;
    made.healthEnabled = false;
    made.rebalanceDelay = made.rebalanceGrace = 24h;
    return made;
  }();
  return settings;
}

NodeSpec specOfSecond() {
  NodeSpec spec;
  spec.id = "node-2";
  spec.member = MemberId(2);
  spec.boot = 1;
  spec.httpAddress = "10.0.0.2:8080";
  spec.transportAddress = "10.0.0.2:9080";
  return spec;
}

}  // namespace

PeersAtWork::PeersAtWork() {
  for (const std::uint64_t member : {1u, 2u}) {
    test::ScriptedNode& node = cluster_.start(member);
    node.mayBreak = true;  // check() looks
    duties_[member] =
        std::make_unique<LeaderDuties>(LeaderDuties::Parts{node.loop, node.log, node.coordinator,
                                                           node.stack->transport(), node.stack->consensus()},
                                       quiet(), LeaderDuties::Founding{});
    gates_[member] = std::make_unique<LeaderGate>(node.loop, node.coordinator, *duties_[member]);
  }
  cluster_.found();
  cluster_.propose(1, AddNode{specOfSecond(), {}});
  cluster_.propose(1, SetNodeStatus{MemberId(2), 0, NodeStatus::Active, {}, {}, Epoch()});
  const Member members[] = {{{MemberId(1), "10.0.0.1:9080", ""}, MemberKind::Voter},
                            {{MemberId(2), "10.0.0.2:9080", ""}, MemberKind::Learner}};
  for (const std::uint64_t member : {1u, 2u}) {
    test::ScriptedNode& node = cluster_.node(member);
    node.coordinator.members(members, LogIndex(1));
    // Who is a member is from now on the consensus' to connect, and ours is none.
    const std::uint64_t other = 3 - member;
    node.stack->transport().addCandidate({MemberId(other), "somewhere:1", ""});
    node.transport.object->peer(other, true);
  }
  cluster_.lead(1, 2);
  cluster_.runFor(20ms);
}

void PeersAtWork::receive(std::uint64_t to, std::uint64_t from, std::string_view bytes) {
  cluster_.deliver({MemberId(from), MemberId(to), std::string(bytes)});
}

void PeersAtWork::work() {
  cluster_.propose(2, SetValue{"a", "1", {}}, Idempotency{"key", LogIndex(1)});
  const MonotonicTime deadline = cluster_.node(2).loop.now() + 10s;
  proto::Duty duty;
  duty.mutable_preview();
  gates_[2]->ask(duty, deadline, [](const Result<proto::DutyResult>&) {});
  duty.mutable_remove()->set_node("node-2");
  duty.mutable_remove()->set_consent(static_cast<std::uint32_t>(RemoveNode::Consent::KeepLastCopies));
  gates_[2]->ask(duty, deadline, [](const Result<proto::DutyResult>&) {});
  cluster_.runFor(20ms);
}

void PeersAtWork::check() {
  for (const std::uint64_t member : {1u, 2u})
    require(cluster_.node(member).brokenBy.empty(), "no node stops over a message",
            cluster_.node(member).brokenBy);
  const auto written = cluster_.propose(1, SetValue{"last", "word", {}});
  require(cluster_.runUntil([&] { return written->has_value(); }), "the leader goes on taking writes");
  const ClusterState& leader = cluster_.node(1).coordinator.current();
  require(stateHash(leader) == stateHash(cluster_.node(2).coordinator.current()), "both have one state");
  const std::string fault = faultOf(leader);
  require(fault.empty(), "the state is whole", fault);
}

}  // namespace clusterkit::fuzz
