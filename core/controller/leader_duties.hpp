// The shell around the pure controller: feeds it states, answers and time, and does what it asks for. Also
// founds a new cluster, and carries out what other nodes ask of the leader. Everything [loop]; does nothing
// while this node follows.
#pragma once

#include <memory>
#include <optional>

#include "cluster/coordinator.hpp"
#include "controller/admission.hpp"
#include "controller/controller.hpp"
#include "controller/leader_gate.hpp"
#include "controller/probe_responder.hpp"

namespace clusterkit {

struct DutySettings {
  bool healthEnabled = true;
  Duration probeInterval = std::chrono::milliseconds(500);
  Duration probeTimeout = std::chrono::milliseconds(500);
  std::uint32_t probeThreshold = 3;
  Duration rebalanceDelay = std::chrono::milliseconds(200);
  Duration rebalanceGrace = std::chrono::seconds(10);
  std::uint32_t maxMoves = 8;
  HandoffMode handoff = HandoffMode::Immediate;
  Duration handoffTimeout = std::chrono::minutes(5);
};

class LeaderDuties final : public ClusterObserver, public DutyHandler {
 public:
  struct Parts {
    EventLoop& loop;
    Log& log;
    Coordinator& coordinator;
    TransportPort& transport;
    ConsensusPort& consensus;
  };
  // What this node writes as the first entry when it leads a cluster that does not exist yet.
  struct Founding {
    ClusterFacts facts;
    NodeSpec self;
  };

  LeaderDuties(Parts parts, const DutySettings& settings, Founding founding);
  ~LeaderDuties() override;
  LeaderDuties(const LeaderDuties&) = delete;
  LeaderDuties& operator=(const LeaderDuties&) = delete;

  void setFoundingId(ClusterId cluster) { founding_.facts.id = cluster; }

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member> members, LogIndex index) override;
  void handle(const proto::Duty& duty, MonotonicTime deadline, DutyAnswer answer) override;

 private:
  // A rebalance by hand that is not committed yet, and who asked for it.
  struct ManualRebalance {
    enum class Stage : std::uint8_t { Planned, Proposed };
    std::optional<Idempotency> key;
    MonotonicTime until;  // Planned: given up then
    Stage stage = Stage::Planned;
    std::vector<DutyAnswer> waiting;
  };

  Now now() const { return {parts_.loop.now(), parts_.loop.wall()}; }
  void takeOffice();
  void found();
  void announce();
  void inOffice();
  void leaveOffice();

  void wake();
  void wakeAt(MonotonicTime when, Duration slack = {});
  void tick();
  void carryOut(Actions actions);
  void sendProbe(const SendProbe& probe);
  void askIndirect(const AskIndirect& question);
  void propose(Proposal proposal);
  void change(const VoterChange& change);
  void logLink(const LinkChange& link);

  ConsensusView consensusView(const ConsensusStatus& status);
  std::optional<ConsensusView> lookAtConsensus();
  bool someoneCatchesUp(const ConsensusView& view) const;
  void startRebalance(const proto::RebalanceDuty& duty, DutyAnswer answer);
  void preview(DutyAnswer answer);
  void endManual(const Result<proto::DutyResult>& result);

  Parts parts_;
  const DutySettings settings_;
  Founding founding_;
  Controller controller_;
  Admission admission_;
  ProbeResponder probes_;
  Epoch term_;                            // in which this node leads; 0: it does not
  std::optional<MonotonicTime> heardAt_;  // when it last heard a leader before that
  std::vector<Member> members_;
  std::optional<ManualRebalance> manual_;
  TimerId waking_;
  MonotonicTime wakesBy_{};
  std::string lastVoterReason_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
