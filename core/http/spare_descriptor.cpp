#include "http/spare_descriptor.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace clusterkit::http {

SpareDescriptor::~SpareDescriptor() { release(); }

void SpareDescriptor::take() {
  if (fd_ < 0) fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void SpareDescriptor::release() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool SpareDescriptor::turnAway(int listener) {
  take();
  if (fd_ < 0) return false;
  release();
  const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client >= 0) ::close(client);
  take();
  return client >= 0;
}

}  // namespace clusterkit::http
