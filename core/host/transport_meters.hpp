// One meter per function of clusterkit.transport/1 that is called on the loop. Internal to the transport's
// port and proxy.
#pragma once

#include "host/plugin_call.hpp"

namespace clusterkit {

struct TransportMeters {
  TransportMeters(const HostServices& host, const HostParts& parts)
      : start(host, parts, "start"),
        setPeers(host, parts, "set_peers"),
        send(host, parts, "send"),
        stop(host, parts, "stop") {}

  CallMeter start, setPeers, send, stop;
};

}  // namespace clusterkit
