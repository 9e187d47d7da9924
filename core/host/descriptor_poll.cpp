#include "host/descriptor_poll.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace clusterkit {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

bool add(int poll, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Rounded up: who waits for a moment is not to look for it too early, again and again.
int toMilliseconds(Duration limit) {
  if (limit == Duration::max()) return -1;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(limit);
  return static_cast<int>(std::min(rounded, std::chrono::milliseconds(60'000)).count());
}

}  // namespace

// The wake-up is edge-triggered: each write counts anew, and nobody has to read it away.
DescriptorPoll::DescriptorPoll() : poll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(-1) {
  if (poll_ < 0) fail("epoll_create1");
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ >= 0 && add(poll_, wake_, EPOLLIN | EPOLLET)) return;
  const int error = errno;
  if (wake_ >= 0) ::close(wake_);
  ::close(poll_);
  errno = error;
  fail("eventfd");
}

DescriptorPoll::~DescriptorPoll() {
  ::close(poll_);
  ::close(wake_);
}

bool DescriptorPoll::watch(int fd, Task onReadable) {
  if (watched_.contains(fd) || !add(poll_, fd, EPOLLIN)) return false;
  watched_.emplace(fd, std::make_shared<Task>(std::move(onReadable)));
  return true;
}

void DescriptorPoll::unwatch(int fd) {
  if (watched_.erase(fd) == 0) return;
  ::epoll_ctl(poll_, EPOLL_CTL_DEL, fd, nullptr);  // closed already: then it is gone from there too
  std::erase(ready_, fd);
}

void DescriptorPoll::clear() {
  while (!watched_.empty()) unwatch(watched_.begin()->first);
}

void DescriptorPoll::poll(Duration limit) {
  std::array<epoll_event, 16> events{};
  const int found =
      ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), toMilliseconds(limit));
  if (found < 0 && errno != EINTR) fail("epoll_wait");
  ready_.clear();
  for (int i = 0; i < found; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd != wake_) ready_.push_back(fd);
  }
}

Task DescriptorPoll::takeReady() {
  while (!ready_.empty()) {
    const int fd = ready_.back();
    ready_.pop_back();
    const auto found = watched_.find(fd);
    if (found != watched_.end()) return [call = found->second] { (*call)(); };
  }
  return {};
}

void DescriptorPoll::wake() noexcept {
  const std::uint64_t one = 1;
  // It takes 2^64 - 2 wakes before it refuses one.
  [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

}  // namespace clusterkit
