#include "http/output_queue.hpp"

#include <Poco/Exception.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>

namespace clusterkit::http {
namespace {

// Below this, copying a body behind its head costs less than a second system call.
constexpr std::size_t kCopyBelow = 16 * 1024;

}  // namespace

std::string& OutputQueue::tail() {
  if (segments_.empty() || segments_.back().shared || segments_.back().own.size() >= kCopyBelow)
    segments_.emplace_back();
  return segments_.back().own;
}

void OutputQueue::append(Body body) {
  if (body.view().empty()) return;
  if (body.view().size() < kCopyBelow) {
    tail() += body.view();
    return;
  }
  segments_.push_back({{}, std::move(body).share(), 0});
}

std::size_t OutputQueue::size() const {
  std::size_t total = 0;
  for (const Segment& segment : segments_) total += segment.rest().size();
  return total;
}

OutputQueue::Flush OutputQueue::flush(Poco::Net::StreamSocket& socket) {
  try {
    while (!segments_.empty()) {
      const std::string_view rest = segments_.front().rest();
      if (!rest.empty()) {
        const auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
        const int more = segments_.size() > 1 ? MSG_MORE : 0;
        const int sent =
            socket.sendBytes(rest.data(), static_cast<int>(std::min(rest.size(), most)), MSG_NOSIGNAL | more);
        if (sent <= 0) return Flush::blocked;
        sent_ += static_cast<std::uint64_t>(sent);
        segments_.front().offset += static_cast<std::size_t>(sent);
        if (static_cast<std::size_t>(sent) < rest.size()) return Flush::blocked;
      }
      segments_.pop_front();
    }
  } catch (const Poco::Exception&) {
    return Flush::failed;  // reset or closed by the client: nothing to answer to
  }
  return Flush::done;
}

}  // namespace clusterkit::http
