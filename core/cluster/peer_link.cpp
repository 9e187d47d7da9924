#include "cluster/peer_link.hpp"

#include <limits>

namespace clusterkit {

Forwarding forwardingOf(MemberId from, const proto::Attempt& attempt) {
  return {from, attempt.boot(), attempt.number(), Epoch(attempt.epoch())};
}

PeerLink::PeerLink(TransportPort& transport, Log& log) : transport_(transport), log_(log) {
  transport_.onMessage([this](MemberId from, Lane, Buffer message) { receive(from, message.bytes()); });
}

Status PeerLink::send(MemberId to, Lane lane, proto::PeerMessage& message, MonotonicTime expires) {
  message.set_cluster(cluster_.value);
  const std::string bytes = message.SerializeAsString();
  return transport_.send({to, lane, bytes, expires});
}

void PeerLink::receive(MemberId from, std::string_view bytes) {
  proto::PeerMessage message;
  const bool parsed = bytes.size() <= std::numeric_limits<int>::max() &&
                      message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const auto handler = parsed ? handlers_.find(message.body_case()) : handlers_.end();
  if (!parsed || !cluster_ || message.cluster() != cluster_.value || handler == handlers_.end()) {
    ++dropped_;
    log_.debug("peer_message_dropped", {{"from", from}, {"bytes", bytes.size()}});
    return;
  }
  handler->second(from, message);
}

}  // namespace clusterkit
