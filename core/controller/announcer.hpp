// Tells the leader that this node runs again, or has new addresses: until the cluster's record of the node
// carries this run's boot number. Everything [loop].
#pragma once

#include "controller/leader_gate.hpp"

namespace clusterkit {

class Announcer final : public ClusterObserver {
 public:
  // Registers itself with the coordinator; all outlive it.
  Announcer(EventLoop& loop, Coordinator& coordinator, LeaderGate& gate, Log& log, NodeSpec self);
  ~Announcer() override;
  Announcer(const Announcer&) = delete;
  Announcer& operator=(const Announcer&) = delete;

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member>, LogIndex) override {}

 private:
  void look();
  void answered(const Result<proto::DutyResult>& result);

  EventLoop& loop_;
  Coordinator& coordinator_;
  LeaderGate& gate_;
  Log& log_;
  NodeSpec self_;
  bool asking_ = false;
  bool taken_ = false;  // an announcement of this run, at some time
  TimerId retry_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
