// What people ask of a cluster whose leader has its real duties, at any node: new nodes join, old ones are
// drained and removed, rebalances are started, held and cancelled, new owners report. A refusal is nothing
// special.
#pragma once

#include <optional>
#include <set>

#include "simulation/cluster.hpp"

namespace clusterkit::sim {

class Requests {
 public:
  explicit Requests(Cluster& cluster);
  Requests(const Requests&) = delete;
  Requests& operator=(const Requests&) = delete;

  // Does nothing without Plan::duties.
  void begin();
  // Only what was begun is brought to an end from now on.
  void stop() { stopped_ = true; }

  std::size_t taken() const { return taken_; }  // that were done, as far as was told

 private:
  void turn();
  void tidy();
  void ask(SimNode& node);
  void addNode();
  void join(MemberId member);
  void removeNode(SimNode& node);
  void rebalance(SimNode& node);
  void report(SimNode& node);
  std::optional<MemberId> someLeaver(const ClusterState& state);
  MemberId someNode(const ClusterState& state);
  void propose(SimNode& node, CommandBody body);

  Cluster& cluster_;
  Dice dice_;
  std::set<MemberId> leavers_;  // who were ever told to drain or leave
  std::size_t taken_ = 0;
  bool stopped_ = false;
};

}  // namespace clusterkit::sim
