#include "http/output_queue.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace clusterkit::http {
namespace {

// Below this, copying a body behind its head costs less than a segment of its own.
constexpr std::size_t kCopyBelow = 16 * 1024;
constexpr std::size_t kGathered = 64;  // segments in one system call
// What an emptied queue keeps for the next answer; thousands of idle connections must not keep more.
constexpr std::size_t kKeptSegments = 4;

}  // namespace

std::string& OutputQueue::tail() {
  if (segments_.empty() || segments_.back().shared || segments_.back().own.size() >= kCopyBelow)
    segments_.emplace_back();
  return segments_.back().own;
}

void OutputQueue::append(Body body) {
  if (body.view().size() < kCopyBelow) return write(body.view());
  share(std::move(body).share());
}

void OutputQueue::share(Bytes bytes) {
  if (bytes->empty()) return;
  size_ += bytes->size();
  segments_.push_back({{}, std::move(bytes), 0});
}

// Not Poco's sendBytes: it takes one piece at a time.
OutputQueue::Flush OutputQueue::flush(Poco::Net::StreamSocket& socket) {
  while (size_ > 0) {
    std::array<iovec, kGathered> pieces{};
    std::size_t count = 0;
    std::size_t offered = 0;
    for (std::size_t i = first_; i < segments_.size() && count < kGathered; ++i) {
      const std::string_view rest = segments_[i].rest();
      if (rest.empty()) continue;
      pieces[count++] = {const_cast<char*>(rest.data()), rest.size()};
      offered += rest.size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket.impl()->sockfd(), &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return Flush::blocked;
    if (sent < 0) return Flush::failed;  // reset or closed by the client: nothing to answer to
    sentSome(static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) < offered) return Flush::blocked;
  }
  return Flush::done;
}

void OutputQueue::sentSome(std::size_t bytes) {
  sent_ += bytes;
  size_ -= bytes;
  while (bytes > 0) {
    Segment& front = segments_[first_];
    const std::size_t part = std::min(bytes, front.rest().size());
    front.offset += part;
    bytes -= part;
    if (!front.rest().empty()) break;
    front = {};
    ++first_;
  }
  if (size_ == 0) {
    segments_.clear();
    first_ = 0;
    if (segments_.capacity() > kKeptSegments) segments_.shrink_to_fit();
  } else if (first_ > kGathered && first_ > segments_.size() / 2) {
    segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

}  // namespace clusterkit::http
