// What the node loop waits for on the transport's behalf: all sockets' descriptors and the waker's, behind
// one epoll instance, which is the one descriptor that the host watches.
#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <vector>

#include "waker.hpp"
#include "wiring.hpp"

namespace clusterkit::zmq {

class Exchange;

// [loop]
class SocketWaits {
 public:
  // Throws Error(CK_UNSUPPORTED) when the host's loop waits for no descriptors.
  SocketWaits(Host host, std::shared_ptr<Waker> waker, std::function<void()> onReadable);
  ~SocketWaits();
  SocketWaits(const SocketWaits&) = delete;
  SocketWaits& operator=(const SocketWaits&) = delete;

  // Which of what the last update() named can be served now; takes the wake-up away.
  const std::vector<pollfd>& poll();
  // After each service: sockets come and go in it.
  void update(Exchange& exchange);
  void clear();

 private:
  ck_status begin();

  const Host host_;
  const ck_host_readiness_1* const readiness_;
  const std::shared_ptr<Waker> waker_;
  const std::function<void()> onReadable_;
  int epoll_ = -1;             // the host watches it
  std::uint64_t sockets_ = 0;  // how many had ever been made when `waits_` was
  std::vector<pollfd> waits_;  // as Exchange::addWaits gave them, and the waker
  std::vector<pollfd> fresh_;
};

}  // namespace clusterkit::zmq
