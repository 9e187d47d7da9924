// The core's own messages between nodes: encodes them, checks the cluster id, hands each kind to who asked
// for it. Everything [loop].
#pragma once

#include <map>

#include "cluster/forward_intake.hpp"
#include "host/event_loop.hpp"
#include "host/log.hpp"
#include "host/transport_port.hpp"
#include "peer_message.pb.h"

namespace clusterkit {

// An attempt as it travels.
Forwarding forwardingOf(MemberId from, const proto::Attempt& attempt);

class PeerLink {
 public:
  using Handler = UniqueFunction<void(MemberId from, const proto::PeerMessage& message)>;
  using Kind = proto::PeerMessage::BodyCase;

  // Takes over the transport's core channel.
  PeerLink(TransportPort& transport, Log& log);

  void setCluster(ClusterId cluster) { cluster_ = cluster; }
  ClusterId cluster() const { return cluster_; }
  void on(Kind kind, Handler handler) { handlers_[kind] = std::move(handler); }

  // The status of TransportPort::send. Fills in the cluster id.
  Status send(MemberId to, Lane lane, proto::PeerMessage& message, MonotonicTime expires = {});
  bool isUp(MemberId member) const { return transport_.isUp(member); }

  std::uint64_t dropped() const { return dropped_; }  // malformed, of another cluster, of a newer kind

 private:
  void receive(MemberId from, std::string_view bytes);

  TransportPort& transport_;
  Log& log_;
  ClusterId cluster_;
  std::map<Kind, Handler> handlers_;
  std::uint64_t dropped_ = 0;
};

}  // namespace clusterkit
