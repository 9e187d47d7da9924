#include "descriptor.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace clusterkit::script {
namespace {

constexpr int kFirstFree = 4;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

Descriptor aboveStandardStreams(Descriptor descriptor) {
  if (descriptor.get() >= kFirstFree) return descriptor;
  Descriptor moved(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstFree));
  if (!moved.open()) fail("fcntl F_DUPFD_CLOEXEC");
  return moved;
}

}  // namespace

void Descriptor::close() {
  // Not repeated after EINTR: on Linux the number is free by then and may be somebody else's.
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Pipe makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe2");
  Descriptor read(ends[0]), write(ends[1]);
  return {aboveStandardStreams(std::move(read)), aboveStandardStreams(std::move(write))};
}

void setNonBlocking(const Descriptor& descriptor) {
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  if (flags < 0 || ::fcntl(descriptor.get(), F_SETFL, flags | O_NONBLOCK) < 0) fail("fcntl O_NONBLOCK");
}

WakeFlag::WakeFlag() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!event_.open()) fail("eventfd");
}

// The only error possible here is a full counter, and then the flag is up already.
void WakeFlag::raise() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void WakeFlag::lower() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(event_.get(), &count, sizeof count);
}

}  // namespace clusterkit::script
