#include "watchdog.hpp"

#include <algorithm>

namespace clusterkit::webhook {

using namespace std::chrono_literals;

Watchdog::Watchdog(Host host) : host_(host), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watchdog::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& [deadline, watch] : watches_) watch->finish(Watch::End::Stopped);
  watches_.clear();
}

std::uint64_t Watchdog::after(std::chrono::nanoseconds wait) const {
  return host_.now() + static_cast<std::uint64_t>(wait.count());
}

Watchdog::Watches::iterator Watchdog::add(std::uint64_t deadline, Watch& watch) {
  const auto place = watches_.emplace(deadline, &watch);
  // Only an earlier end than all others is news to the thread.
  if (place == watches_.begin()) changed_.notify_all();
  return place;
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (watches_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = watches_.begin();
    const std::uint64_t now = host_.now();
    if (first->first > now) {
      changed_.wait_for(lock,
                        std::min<std::chrono::nanoseconds>(std::chrono::nanoseconds(first->first - now), 1h));
      continue;
    }
    Watch& watch = *first->second;
    watches_.erase(first);
    watch.finish(Watch::End::Expired);
  }
}

Watch::Watch(Watchdog& watchdog, std::uint64_t deadline, std::function<void()> cut)
    : watchdog_(watchdog), cut_(std::move(cut)) {
  const std::lock_guard lock(watchdog_.mutex_);
  if (watchdog_.stopped_)
    finish(End::Stopped);
  else if (deadline <= watchdog_.host_.now())
    finish(End::Expired);
  else
    place_ = watchdog_.add(deadline, *this);
}

Watch::~Watch() {
  const std::lock_guard lock(watchdog_.mutex_);
  if (place_) watchdog_.watches_.erase(*place_);
}

void Watch::check(const std::string& text) const {
  if (end_ == End::Expired) throw Expired(text);
  if (end_ == End::Stopped) throw Stopped("the sink is stopping");
}

void Watch::finish(End end) {
  end_ = end;
  place_.reset();
  cut_();
}

}  // namespace clusterkit::webhook
