#include "simulation/node.hpp"

namespace clusterkit::sim {

NodeSpec nodeSpecOf(MemberId member, std::uint64_t boot) {
  NodeSpec spec;
  spec.id = "node-" + std::to_string(member.value);
  spec.member = member;
  spec.boot = boot;
  spec.httpAddress = spec.transportAddress = "member-" + std::to_string(member.value);
  spec.weight = static_cast<std::uint32_t>(1 + boot % 3);  // a restart may bring another configuration
  return spec;
}

SimNode::SimNode(const NodeParts& parts, const NodeIdentity& identity, Disk& disk,
                 std::span<const MemberId> everybody)
    : parts_(parts),
      identity_(identity),
      disk_(disk),
      power_(parts.somebodyLostPower),
      storeParts_{identity.member,         disk, power_, parts.dice, parts.trace, parts.witness,
                  parts.plan.snapshotPiece},
      transportParts_{parts.network, power_, parts.witness, disk, parts.dice, identity.version},
      storeConfig_(configOf(storeParts_, "store")),
      transportConfig_(configOf(transportParts_, "transport")),
      consensusConfig_(parts.plan.raft.config()),
      log_(parts.trace, identity.member),
      loop_(parts.scheduler),
      workers_(loop_),
      coordinator_(loop_, log_,
                   [this](const std::string& reason) { fatal(reason, PluginExit::InvariantBroken); }) {
  const StackChoices choices{{diskStoreComponent(), storeConfig_},
                             {networkTransportComponent(), transportConfig_},
                             {raftComponent(), consensusConfig_}};
  ConsensusListener& listener = *this;
  stack_.emplace(choices, StackServices{loop_, workers_, log_, metrics_}, listener,
                 [this](const std::string& reason, PluginExit exit) { fatal(reason, exit); });
  coordinator_.addObserver(*this);
  coordinator_.attach(*stack_, identity_.member, identity_.boot);
  coordinator_.peers().setCluster(identity_.cluster);
  if (parts_.plan.duties) takeDuties(*parts_.plan.duties);
  for (const MemberId peer : everybody) introduce(peer);
  parts_.trace.note(Step::Started, identity_.member.value, identity_.boot);
  start();
}

// The stack first, as if the process were gone; then what it had to leave behind.
SimNode::~SimNode() = default;

void SimNode::takeDuties(const DutySettings& settings) {
  const NodeSpec self = nodeSpecOf(identity_.member, identity_.boot);
  const LeaderDuties::Parts parts{loop_, log_, coordinator_, stack_->transport(), stack_->consensus()};
  duties_.emplace(parts, settings, LeaderDuties::Founding{parts_.plan.facts, self}, self);
}

SimNode::Duties::Duties(const LeaderDuties::Parts& parts, const DutySettings& settings,
                        LeaderDuties::Founding founding, const NodeSpec& self)
    : leader(parts, settings, std::move(founding)),
      gate(parts.loop, parts.coordinator, leader),
      announcer(parts.loop, parts.coordinator, gate, parts.log, self) {}

void SimNode::takeSinks() {
  if (parts_.plan.sinks.empty()) return;
  const SinkParts parts{identity_.member, loop_, power_, parts_.dice, parts_.witness, parts_.calmSinks};
  sinks_.emplace(parts, parts_.plan.sinks, log_, coordinator_, stack_->store(), identity_.boot);
}

void SimNode::introduce(MemberId peer) {
  if (peer != identity_.member)
    stack_->transport().addCandidate({peer, "member-" + std::to_string(peer.value), ""});
}

void SimNode::start() {
  stack_->startStore([this](Result<StoreImage> image) {
    if (!image.ok()) return fatal(image.failure().text, PluginExit::StoreFailed);
    const TransportAddress address = stack_->startTransport(identity_.member);
    const BootKind kind = image.value().empty() ? identity_.empty : BootKind::Restart;
    try {
      takeSinks();
      running_ = true;
      stack_->startConsensus(
          {kind, identity_.cluster, {identity_.member, address.endpoint, address.publicKey}});
    } catch (const PluginError& error) {
      fatal(error.what(), PluginExit::PluginFailed);
    }
  });
}

void SimNode::fatal(const std::string& reason, PluginExit exit) {
  if (!power_.isOn()) return;
  power_.cut();
  parts_.trace.note(Step::Ended, identity_.member.value, static_cast<std::uint64_t>(exit));
  parts_.witness.ended(identity_.member, reason, exit == PluginExit::StoreFailed);
}

bool SimNode::commit(std::span<const Committed> entries) {
  if (!power_.isOn()) return false;
  parts_.witness.committed(identity_.member, entries);
  return coordinator_.commit(entries);
}

void SimNode::role(Role role, Epoch epoch, MemberId leader) {
  parts_.trace.note(Step::Role, identity_.member.value, static_cast<std::uint64_t>(role), epoch.value);
  if (power_.isOn()) parts_.witness.role(identity_.member, role, epoch, leader);
  coordinator_.role(role, epoch, leader);
}

void SimNode::members(std::span<const Member> members, LogIndex index) {
  if (power_.isOn()) parts_.witness.members(identity_.member, members, index);
  coordinator_.members(members, index);
}

void SimNode::snapshot(const SnapshotMeta& meta) { coordinator_.snapshot(meta); }

void SimNode::restore(const SnapshotMeta& meta, Restored restored) {
  parts_.trace.note(Step::Restored, identity_.member.value, meta.index.value);
  coordinator_.restore(meta, std::move(restored));
}

void SimNode::onState(const ClusterState& state, Events events) {
  if (power_.isOn()) parts_.witness.state(identity_.member, state, events);
}

}  // namespace clusterkit::sim
