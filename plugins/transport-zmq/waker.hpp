// Wakes the loop for the transport (socket_waits.hpp). An eventfd; many wakes before it runs cost one write.
#pragma once

#include <atomic>

namespace clusterkit::zmq {

class Waker {
 public:
  Waker();  // throws Error(CK_IO) when the process has no descriptor left
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  void wake();   // [any]
  void reset();  // [loop] call before looking at what the wake was for
  int descriptor() const { return fd_; }

 private:
  int fd_;
  std::atomic<bool> set_{false};
};

}  // namespace clusterkit::zmq
