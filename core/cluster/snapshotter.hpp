// Writes and reads the state's snapshots through the store. Everything [loop].
#pragma once

#include <string>

#include "cluster/state.hpp"
#include "host/consensus_port.hpp"
#include "host/event_loop.hpp"
#include "host/log.hpp"
#include "host/store_port.hpp"

namespace clusterkit {

class Snapshotter {
 public:
  using Restored = UniqueFunction<void(Result<ClusterState>)>;

  Snapshotter(EventLoop& loop, StorePort& store, ConsensusPort& consensus, Log& log);
  ~Snapshotter();
  Snapshotter(const Snapshotter&) = delete;
  Snapshotter& operator=(const Snapshotter&) = delete;

  // Writes `state` as the snapshot of meta.index and tells the consensus once it is durable. A failure (a
  // full disk) is tried again with the same state until it succeeds or a newer snapshot is there.
  void write(const SnapshotMeta& meta, ClusterState state);
  void read(Restored done);

 private:
  void tryWrite(SnapshotMeta meta, ClusterState state);

  EventLoop& loop_;
  StorePort& store_;
  ConsensusPort& consensus_;
  Log& log_;
  TimerId retry_;
  Lifetime lifetime_;
};

}  // namespace clusterkit
