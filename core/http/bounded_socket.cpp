#include "http/bounded_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <algorithm>

namespace clusterkit::http {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kGlance{20};  // how often a wait looks at the switch

class BoundedSocketImpl : public Poco::Net::StreamSocketImpl {
 public:
  BoundedSocketImpl(const ClientTimeouts& timeouts, std::shared_ptr<const AbortSwitch> abort)
      : timeouts_(timeouts), abort_(std::move(abort)) {}

  void begin() { deadline_ = Clock::now() + timeouts_.whole; }

  using StreamSocketImpl::connect;
  void connect(const Poco::Net::SocketAddress& address, const Poco::Timespan& timeout) override {
    StreamSocketImpl::connect(address, std::min(timeout, toPoco(timeLeft())));
  }
  using StreamSocketImpl::receiveBytes;
  int receiveBytes(void* buffer, int length, int flags) override {
    await(SELECT_READ);
    return StreamSocketImpl::receiveBytes(buffer, length, flags);
  }
  using StreamSocketImpl::sendBytes;
  int sendBytes(const void* buffer, int length, int flags) override {
    const char* at = static_cast<const char*>(buffer);
    for (int left = length; left > 0;) {
      await(SELECT_WRITE);
      const int sent = SocketImpl::sendBytes(at, left, flags | MSG_DONTWAIT);
      at += sent;
      left -= sent;
    }
    return length;
  }

 private:
  milliseconds timeLeft() const {
    if (abort_ && abort_->aborted()) throw Poco::IOException("the request was given up");
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
    if (left <= milliseconds::zero()) throw Poco::TimeoutException("no whole answer in time");
    return left;
  }
  void await(int mode) {
    const Clock::time_point silence = Clock::now() + timeouts_.answer;
    while (!poll(toPoco(std::min(timeLeft(), kGlance)), mode))
      if (Clock::now() >= silence) throw Poco::TimeoutException();
  }

  const ClientTimeouts timeouts_;
  const std::shared_ptr<const AbortSwitch> abort_;
  Clock::time_point deadline_{};
};

}  // namespace

Poco::Timespan toPoco(milliseconds time) {
  return Poco::Timespan(static_cast<Poco::Timespan::TimeDiff>(time.count()) * Poco::Timespan::MILLISECONDS);
}

BoundedSocket::BoundedSocket(const ClientTimeouts& timeouts, std::shared_ptr<const AbortSwitch> abort)
    : StreamSocket(new BoundedSocketImpl(timeouts, std::move(abort))) {}

void BoundedSocket::begin() { static_cast<BoundedSocketImpl*>(impl())->begin(); }

}  // namespace clusterkit::http
