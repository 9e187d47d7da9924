#include "waker.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <clusterkit/plugin.hpp>
#include <cstdint>

namespace clusterkit::zmq {

Waker::Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw Error(CK_IO, "no descriptor for the transport's wake-up", errno);
}

Waker::~Waker() { ::close(fd_); }

void Waker::wake() {
  if (set_.exchange(true)) return;
  const std::uint64_t one = 1;
  // An eventfd takes 2^64 wakes before it refuses one, and then it is readable anyway.
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

void Waker::reset() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd_, &count, sizeof count);
  set_.exchange(false);  // an exchange, so that what the waker wrote before is seen after
}

}  // namespace clusterkit::zmq
