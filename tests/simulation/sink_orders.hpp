// What people do to hook sinks while a cluster has its faults: they hold them, let them go on, and have them
// tell events again, at any node.
#pragma once

#include "simulation/cluster.hpp"

namespace clusterkit::sim {

class SinkOrders {
 public:
  explicit SinkOrders(Cluster& cluster);
  SinkOrders(const SinkOrders&) = delete;
  SinkOrders& operator=(const SinkOrders&) = delete;

  // Does nothing without Plan::ordersSinks.
  void begin();
  // From now on only what is held goes on.
  void stop() { stopped_ = true; }

  std::size_t taken() const { return taken_; }  // that were done, as far as was told

 private:
  void turn();
  void tidy();
  HookSink::Answered counted();

  Cluster& cluster_;
  Dice dice_;
  std::size_t taken_ = 0;
  bool stopped_ = false;
};

}  // namespace clusterkit::sim
