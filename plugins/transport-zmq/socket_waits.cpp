#include "socket_waits.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "exchange.hpp"

namespace clusterkit::zmq {
namespace {

void add(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    throw Error(CK_IO, "cannot wait for the transport's sockets", errno);
}

bool sameDescriptors(const std::vector<pollfd>& a, const std::vector<pollfd>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const pollfd& x, const pollfd& y) { return x.fd == y.fd; });
}

}  // namespace

SocketWaits::SocketWaits(Host host, std::shared_ptr<Waker> waker, std::function<void()> onReadable)
    : host_(host),
      readiness_(host.iface<ck_host_readiness_1>(CK_HOST_READINESS)),
      waker_(std::move(waker)),
      onReadable_(std::move(onReadable)) {
  const ck_status begun = begin();
  if (begun == CK_IO) throw Error(CK_IO, "no descriptor to wait for the transport's sockets", errno);
  if (begun != CK_OK)
    throw Error(CK_UNSUPPORTED, "the host cannot wait for descriptors (" CK_HOST_READINESS ")");
}

SocketWaits::~SocketWaits() { clear(); }

// With a new epoll instance in place of the one before; anything but CK_OK: that one stays. CK_IO: see errno.
ck_status SocketWaits::begin() {
  if (readiness_ == nullptr) return CK_UNSUPPORTED;
  const int fresh = ::epoll_create1(EPOLL_CLOEXEC);
  if (fresh < 0) return CK_IO;
  const auto call = [](void* arg) noexcept { static_cast<SocketWaits*>(arg)->onReadable_(); };
  if (readiness_->watch(host_.raw()->cx, fresh, call, this) != CK_OK) {
    ::close(fresh);
    return CK_UNSUPPORTED;
  }
  clear();
  epoll_ = fresh;
  return CK_OK;
}

void SocketWaits::clear() {
  if (epoll_ < 0) return;
  readiness_->unwatch(host_.raw()->cx, epoll_);
  ::close(std::exchange(epoll_, -1));
}

const std::vector<pollfd>& SocketWaits::poll() {
  if (::poll(waits_.data(), waits_.size(), 0) < 0 && errno != EINTR)
    throw Error(CK_IO, "cannot look at the transport's sockets", errno);
  if (!waits_.empty() && waits_.back().revents != 0) waker_->reset();
  return waits_;
}

// libzmq closes a socket's descriptor when it likes, and by then somebody else's may have its number. So what
// is no more goes with the epoll instance that had it. Without a descriptor for a new one it is taken away by
// its number after all: the kernel knows that somebody else's is not in there, only a sanitizer does not.
//
// The same numbers may be other sockets: the count of sockets ever made tells.
void SocketWaits::update(Exchange& exchange) {
  fresh_.clear();
  exchange.addWaits(fresh_);
  fresh_.push_back({waker_->descriptor(), POLLIN, 0});
  const std::uint64_t sockets = exchange.socketsMade();
  if (sockets == sockets_ && sameDescriptors(fresh_, waits_)) return;
  sockets_ = sockets;
  if (begin() != CK_OK)
    for (const pollfd& wait : waits_) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, wait.fd, nullptr);
  waits_ = fresh_;
  for (const pollfd& wait : waits_) add(epoll_, wait.fd);
}

}  // namespace clusterkit::zmq
