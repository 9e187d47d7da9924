// What waits for one peer on one lane, in order. [loop]
#pragma once

#include <deque>
#include <optional>

#include "outgoing.hpp"

namespace clusterkit::zmq {

class Lane {
 public:
  // `first` holds from, to, lane and session of every frame.
  explicit Lane(const FrameHeader& first, std::shared_ptr<Peer> peer)
      : header_(first), peer_(std::move(peer)) {
    header_.sequence = 1;
  }

  void push(Outgoing::Ptr message);
  bool empty() const { return waiting_.empty() && !head_; }

  // Sends until nothing is left or the socket takes no more; false in the latter case. Expired messages are
  // dropped and counted.
  bool flush(::zmq::socket_t& socket, std::uint64_t now);

  // What the messages cost that libzmq does not hold yet; compare with the lane's credit.
  std::uint64_t waitingBytes() const { return waitingBytes_; }

  // Frees the room of expired messages while nothing can be sent.
  void dropExpired(std::uint64_t now);

 private:
  // The first in line, already handed to a ZeroMQ message that the socket did not take yet.
  struct Head {
    ::zmq::message_t message;
    std::uint64_t payload, cost;
    std::uint64_t expiresAt;
  };

  bool takeNext(std::uint64_t now);
  void drop(std::uint64_t cost);

  FrameHeader header_;
  const std::shared_ptr<Peer> peer_;
  std::deque<Outgoing::Ptr> waiting_;
  std::optional<Head> head_;
  std::uint64_t waitingBytes_ = 0;
};

}  // namespace clusterkit::zmq
