// Two members of a cluster with everything that listens to other nodes: write path, leader's duties, probes.
// Member 1 leads, its consensus is simulated, and time passes only when it is told to.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "cluster/scripted_cluster.hpp"
#include "controller/leader_duties.hpp"
#include "controller/leader_gate.hpp"

namespace clusterkit::fuzz {

class PeersAtWork {
 public:
  PeersAtWork();

  // As if `from` had sent it; member 3 is a stranger.
  void receive(std::uint64_t to, std::uint64_t from, std::string_view bytes);
  void pass(Duration time) { cluster_.runFor(time); }
  // A write at member 2, which forwards it, and a question to the leader.
  void work();
  // Still one cluster that takes writes.
  void check();

  const std::vector<test::CarriedMessage>& carried() const { return cluster_.carried; }

 private:
  test::ScriptedCluster cluster_;
  std::map<std::uint64_t, std::unique_ptr<LeaderDuties>> duties_;
  std::map<std::uint64_t, std::unique_ptr<LeaderGate>> gates_;
};

}  // namespace clusterkit::fuzz
