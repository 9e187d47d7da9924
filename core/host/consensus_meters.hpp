// One meter per function of clusterkit.consensus/1. Internal to the consensus' port.
#pragma once

#include "host/plugin_call.hpp"

namespace clusterkit {

struct ConsensusMeters {
  ConsensusMeters(const HostServices& host, const HostParts& parts)
      : start(host, parts, "start"),
        propose(host, parts, "propose"),
        barrier(host, parts, "barrier"),
        changeMembers(host, parts, "change_members"),
        stepDown(host, parts, "step_down"),
        applied(host, parts, "applied"),
        compact(host, parts, "compact"),
        onMessage(host, parts, "on_message"),
        onPeer(host, parts, "on_peer"),
        onDurable(host, parts, "on_durable"),
        onWritable(host, parts, "on_writable"),
        status(host, parts, "status"),
        stop(host, parts, "stop") {}

  CallMeter start, propose, barrier, changeMembers, stepDown, applied, compact, onMessage, onPeer, onDurable,
      onWritable, status, stop;
};

}  // namespace clusterkit
