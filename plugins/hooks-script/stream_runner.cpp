#include "stream_runner.hpp"

#include <algorithm>

namespace clusterkit::script {

StreamRunner::StreamRunner(Host host, Settings settings) : host_(host), settings_(std::move(settings)) {}

void StreamRunner::cancel() {
  cancelled_ = true;
  if (const auto child = current()) child->stop();
}

std::shared_ptr<StreamChild> StreamRunner::current() {
  const std::lock_guard lock(mutex_);
  return child_;
}

void StreamRunner::replaceCurrent(std::shared_ptr<StreamChild> child) {
  const std::lock_guard lock(mutex_);
  child_.swap(child);
}

Verdict StreamRunner::deliver(const Event& event) try {
  std::shared_ptr<StreamChild> child;
  {
    const std::lock_guard lock(starting_);
    if (cancelled_) return retry("the sink is stopping");
    buryEnded();
    const std::uint64_t now = host_.now();
    if (!current() && now < nextStart_) {
      const std::chrono::nanoseconds left(nextStart_ - now);
      return retry(lastEnd_, std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    if (!current()) start();
    child = current();
    if (cancelled_) child->stop();  // cancel may have come before it could see this child
  }
  return child->deliver(event);
} catch (const LaunchFailure& failure) {
  host_.log(CK_LOG_ERROR, "script_not_run", {{"seq", event.seq()}, {"reason", failure.what()}});
  return failure.transient() ? retry(failure.what()) : settings_.failed(failure.what());
}

void StreamRunner::start() {
  try {
    replaceCurrent(std::make_shared<StreamChild>(host_, settings_));
  } catch (const std::exception& e) {
    pause(e.what());
    throw;
  }
  host_.log(CK_LOG_INFO, "script_started", {{"script", settings_.name}});
}

void StreamRunner::buryEnded() {
  const auto child = current();
  if (!child || child->accepting()) return;
  child->waitEnd();
  replaceCurrent(nullptr);
  if (child->wasUseful()) lives_ = 0;
  pause(child->reason());
}

void StreamRunner::pause(const std::string& reason) {
  constexpr unsigned kMostDoublings = 16;
  const auto length = std::min(kFirstPause * (1 << std::min(lives_, kMostDoublings)), kLongestPause);
  ++lives_;
  lastEnd_ = reason;
  host_.log(CK_LOG_WARN, "script_ended",
            {{"script", settings_.name}, {"reason", reason}, {"restart_in_ms", length.count()}});
  nextStart_ = host_.now() + static_cast<std::uint64_t>(std::chrono::nanoseconds(length).count());
}

}  // namespace clusterkit::script
