// One message on its way out: header and payload in one block that libzmq sends without copying. Its bytes
// count against the lane's credit until the block is freed, wherever that happens.
#pragma once

#include <clusterkit/transport.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <zmq.hpp>

#include "frame.hpp"
#include "peer.hpp"

namespace clusterkit::zmq {

class Outgoing {
 public:
  struct Free {
    void operator()(Outgoing* message) const noexcept;
  };
  using Ptr = std::unique_ptr<Outgoing, Free>;

  // Reserves credit and copies the parts; null when the lane is full. [loop]
  static Ptr make(const std::shared_ptr<Peer>& peer, const ck_message& message, std::uint64_t bytes);

  const std::shared_ptr<Peer>& peer() const { return peer_; }
  std::uint32_t lane() const { return lane_; }
  std::uint64_t payload() const { return payload_; }
  std::uint64_t cost() const { return payload_ + LaneCredit::perMessage; }  // of the lane's credit
  std::uint64_t expiresAt() const { return expiresAt_; }                    // 0 = never
  std::uint8_t* frame() { return reinterpret_cast<std::uint8_t*>(this + 1); }

  // Hands the block over to a ZeroMQ message, which frees it.
  static ::zmq::message_t intoMessage(Ptr message);

 private:
  Outgoing(std::shared_ptr<Peer> peer, const ck_message& message, std::uint64_t bytes)
      : peer_(std::move(peer)), lane_(message.lane), expiresAt_(message.expires_at), payload_(bytes) {}
  ~Outgoing() = default;

  const std::shared_ptr<Peer> peer_;
  const std::uint32_t lane_;
  // Orders our last write before the free on libzmq's thread, for readers (and checkers) who cannot see into
  // it.
  std::atomic<std::uint32_t> handedOver_{0};
  const std::uint64_t expiresAt_;
  const std::uint64_t payload_;
};

}  // namespace clusterkit::zmq
