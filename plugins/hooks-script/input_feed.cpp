#include "input_feed.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace clusterkit::script {
namespace {

// A pipe without a reader raises SIGPIPE in the thread that writes. What the program around us does with that
// signal is its own affair, so here it is held back and thrown away.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    wasPending_ = sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec now{};
    while (!wasPending_ && ::sigtimedwait(&sigpipe_, nullptr, &now) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t sigpipe_, before_;
  bool wasPending_ = false;
};

}  // namespace

void InputFeed::add(std::string_view bytes) {
  bytes_.erase(0, sent_);
  sent_ = 0;
  bytes_ += bytes;
}

void InputFeed::pump(Descriptor& pipe) {
  const WithoutSigpipe guard;
  while (waiting()) {
    const auto n = ::write(pipe.get(), bytes_.data() + sent_, bytes_.size() - sent_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
      sent_ = bytes_.size();
      pipe.close();
      return;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  if (last_) pipe.close();
}

}  // namespace clusterkit::script
