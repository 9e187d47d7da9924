// What people and the controller do to a cluster: voters come and go, leadership is handed over, partitions
// get other owners. Everything at the leader, like the real thing; a refusal is nothing special.
#pragma once

#include "simulation/cluster.hpp"

namespace clusterkit::sim {

class Operator {
 public:
  explicit Operator(Cluster& cluster);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  void begin();
  void stop() { stopped_ = true; }

  std::size_t changes() const { return changes_; }
  std::size_t transfers() const { return transfers_; }

 private:
  void turn();
  void changeMembers(SimNode& leader);
  void ask(SimNode& leader, ChangeKind kind, MemberId member);
  void killSoon();
  void transfer(SimNode& leader);
  void cutOff(MemberId member);
  void deafen(MemberId member);
  void mendLater(MemberId member);
  void changeOwners(SimNode& leader);
  CommandBody ownersCommand(const ClusterState& state);
  void propose(SimNode& leader, CommandBody body);

  Cluster& cluster_;
  Dice dice_;
  std::size_t changes_ = 0, transfers_ = 0;  // that succeeded
  bool stopped_ = false;
};

}  // namespace clusterkit::sim
