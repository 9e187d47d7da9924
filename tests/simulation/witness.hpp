// What the parts of a simulated node report of themselves: to the trace, and to the invariants. The default
// does nothing, so that a test of one part needs no cluster.
#pragma once

#include <optional>
#include <span>

#include "cluster/state.hpp"
#include "events/sink_rules.hpp"
#include "host/consensus_port.hpp"
#include "simulation/disk.hpp"

namespace clusterkit::sim {

class Witness {
 public:
  virtual ~Witness() = default;
  // The node's store was opened with this on disk.
  virtual void opened(MemberId, const Disk&) {}
  // A batch was given to the store; it is not durable yet.
  virtual void written(MemberId, const DiskBatch&) {}
  // A message leaves on one of CK_LANE_*; the last byte is the port's mark.
  virtual void sent(MemberId, std::uint32_t /*lane*/, std::string_view) {}
  virtual void role(MemberId, Role, Epoch, MemberId /*leader*/) {}
  virtual void members(MemberId, std::span<const Member>, LogIndex) {}
  // Before the state is changed by it.
  virtual void committed(MemberId, std::span<const Committed>) {}
  // After a batch was applied; after a restore, with no events.
  virtual void state(MemberId, const ClusterState&, std::span<const std::shared_ptr<const ClusterEvent>>) {}
  // A hook sink is given an event; it has acknowledged one, or given it up, and
  // then its dead letter is kept, where there are any.
  virtual void sinkTold(MemberId, const SinkRules&, const ClusterEvent&) {}
  virtual void sinkDone(MemberId, const SinkRules&, const ClusterEvent&) {}
  // The cursor of a node's own sink was read, is given to the disk, is durable.
  virtual void sinkLoaded(MemberId, const SinkRules&, const std::optional<SinkCursor>&) {}
  virtual void sinkSaving(MemberId, const SinkRules&, const SinkCursor&) {}
  virtual void sinkSaved(MemberId, const SinkRules&, const SinkCursor&) {}
  // The node has given itself up.
  virtual void ended(MemberId, const std::string& /*reason*/, bool /*storeFailed*/) {}
};

}  // namespace clusterkit::sim
