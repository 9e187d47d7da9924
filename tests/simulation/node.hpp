// One run of one member: the real plugin stack with the real consensus plugin, the real coordinator and
// apply, on simulated time, wires and disk. Its destruction is its crash.
#pragma once

#include <optional>

#include "cluster/coordinator.hpp"
#include "controller/announcer.hpp"
#include "host/plugin_stack.hpp"
#include "host/workers.hpp"
#include "simulation/components.hpp"
#include "simulation/disk_store.hpp"
#include "simulation/network_transport.hpp"
#include "simulation/plan.hpp"
#include "simulation/sinks.hpp"

namespace clusterkit::sim {

// What a run needs of its simulation; outlives it.
struct NodeParts {
  const Plan& plan;
  Scheduler& scheduler;
  Network& network;
  Dice& dice;
  Trace& trace;
  Witness& witness;
  bool& somebodyLostPower;
  const bool& calmSinks;
};

// Who it is; the disk outlives the run.
struct NodeIdentity {
  MemberId member;
  std::uint64_t boot = 1;  // rises with every run
  ClusterId cluster;
  BootKind empty = BootKind::Join;  // what it does with an empty disk
  Version version = Version::Ours;
};

// What it says of itself when it joins, or comes back.
NodeSpec nodeSpecOf(MemberId member, std::uint64_t boot);

class SimNode final : private ConsensusListener, private ClusterObserver {
 public:
  SimNode(const NodeParts& parts, const NodeIdentity& identity, Disk& disk,
          std::span<const MemberId> everybody);
  ~SimNode() override;
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  MemberId member() const { return identity_.member; }
  std::uint64_t boot() const { return identity_.boot; }
  Power& power() { return power_; }
  SimulatedLoop& loop() { return loop_; }
  Coordinator& coordinator() { return coordinator_; }
  const Coordinator& coordinator() const { return coordinator_; }
  LeaderGate& gate() { return duties_->gate; }                  // only with Plan::duties
  SimSinks& sinks() { return *sinks_; }                         // only with Plan::sinks, of a running one
  bool isRunning() const { return running_ && power_.isOn(); }  // its consensus has been started
  bool leads() const { return isRunning() && coordinator_.leading(); }
  void introduce(MemberId peer);

 private:
  // To the trace, when every step of it is shown.
  struct TracedLog final : public Log {
    TracedLog(Trace& out, MemberId of) : trace(out), member(of) {}
    bool enabled(LogLevel) const override { return trace.echoes(); }
    void write(LogLevel level, std::string_view event, Fields fields) override {
      trace.say(member.value, level, event, fields);
    }
    Trace& trace;
    const MemberId member;
  };

  struct Duties {
    Duties(const LeaderDuties::Parts& parts, const DutySettings& settings, LeaderDuties::Founding founding,
           const NodeSpec& self);
    LeaderDuties leader;
    LeaderGate gate;
    Announcer announcer;
  };

  void takeDuties(const DutySettings& settings);
  void takeSinks();
  void start();
  void fatal(const std::string& reason, PluginExit exit);

  // ConsensusListener: told to the witness, then to the coordinator.
  bool commit(std::span<const Committed> entries) override;
  void role(Role role, Epoch epoch, MemberId leader) override;
  void members(std::span<const Member> members, LogIndex index) override;
  void snapshot(const SnapshotMeta& meta) override;
  void restore(const SnapshotMeta& meta, Restored restored) override;
  // ClusterObserver
  void onState(const ClusterState& state, Events events) override;
  void onRole(Role, Epoch, MemberId) override {}
  void onMembers(std::span<const Member>, LogIndex) override {}

  const NodeParts parts_;
  const NodeIdentity identity_;
  Disk& disk_;
  Power power_;
  const DiskStoreParts storeParts_;
  const NetworkTransportParts transportParts_;
  const ck_config storeConfig_, transportConfig_, consensusConfig_;
  TracedLog log_;
  NoMetrics metrics_;
  SimulatedLoop loop_;
  LoopWorkers workers_;
  Coordinator coordinator_;
  Instances instances_;
  std::optional<PluginStack> stack_;
  std::optional<Duties> duties_;
  std::optional<SimSinks> sinks_;
  bool running_ = false;
};

}  // namespace clusterkit::sim
