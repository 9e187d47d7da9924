#include "contract/support/fake_host.hpp"

#include <poll.h>

#include <thread>

namespace clusterkit::contract {

namespace {

std::uint64_t splitmix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

FakeHost::FakeHost(std::uint64_t seed) : randomState_(seed) {
  table_.size = sizeof table_;
  table_.abi_major = CK_ABI_MAJOR;
  table_.abi_minor = CK_ABI_MINOR;
  table_.cx = this;
  table_.now = [](void* cx) noexcept { return self(cx).now(); };
  table_.wall = [](void*) noexcept -> std::int64_t { return 1'700'000'000'000'000'000; };
  table_.random = [](void* cx, void* out, std::uint64_t bytes) noexcept {
    const std::lock_guard lock(self(cx).mutex_);
    auto* p = static_cast<unsigned char*>(out);
    for (std::uint64_t i = 0; i < bytes; ++i)
      p[i] = static_cast<unsigned char>(splitmix(self(cx).randomState_));
  };
  table_.timer_at = [](void* cx, std::uint64_t when, ck_fn fn, void* arg) noexcept {
    FakeHost& h = self(cx);
    h.timers_[++h.lastTimer_] = {when, fn, arg};
    return h.lastTimer_;
  };
  table_.timer_cancel = [](void* cx, std::uint64_t timer) noexcept {
    return static_cast<std::int32_t>(self(cx).timers_.erase(timer));
  };
  table_.post = [](void* cx, ck_fn fn, void* arg) noexcept {
    const std::lock_guard lock(self(cx).mutex_);
    self(cx).posted_.emplace_back(fn, arg);
  };
  table_.offload = [](void* cx, ck_fn work, ck_fn done, void* arg) noexcept {
    work(arg);
    self(cx).table_.post(cx, done, arg);
    return CK_OK;
  };
  table_.complete = [](void* cx, ck_token token, const ck_result* r) noexcept {
    return self(cx).complete(token, *r);
  };
  table_.log_enabled = [](void*, std::int32_t level) noexcept -> std::int32_t {
    return level >= CK_LOG_INFO;
  };
  table_.log = [](void* cx, std::int32_t, const char* event, const ck_field*, std::uint64_t) noexcept {
    const std::lock_guard lock(self(cx).mutex_);
    self(cx).logged_.emplace_back(event);
  };
  table_.metric = [](void*, const char*, std::int32_t, double) noexcept {};
  table_.fatal = [](void* cx, const ck_error* why) noexcept {
    const std::lock_guard lock(self(cx).mutex_);
    if (!self(cx).fatal_) self(cx).fatal_ = *why;
    ++self(cx).fatals_;
  };
  table_.iface = [](void* cx, const char* id) noexcept -> const void* {
    const auto found = self(cx).ifaces_.find(id);
    return found == self(cx).ifaces_.end() ? nullptr : found->second;
  };
  static const ck_host_readiness_1 readiness = {
      sizeof readiness, 0,
      [](void* cx, std::int32_t fd, ck_fn fn, void* arg) noexcept -> ck_status {
        return self(cx).watched_.emplace(fd, std::pair(fn, arg)).second ? CK_OK : CK_INVALID;
      },
      [](void* cx, std::int32_t fd) noexcept { self(cx).watched_.erase(fd); }};
  ifaces_[CK_HOST_READINESS] = &readiness;
}

FakeHost::~FakeHost() {
  timers_.clear();
  watched_.clear();
  while (runDue()) {
  }
}

void FakeHost::provide(const std::string& ifaceId, const void* upcalls, void* user) {
  ifaces_[ifaceId] = upcalls;
  user_ = user;
}

std::uint64_t FakeHost::now() const {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

ck_token FakeHost::issue() {
  const std::lock_guard lock(mutex_);
  tokens_[++lastToken_] = std::nullopt;
  return lastToken_;
}

ck_status FakeHost::complete(ck_token token, const ck_result& result) {
  Completion c{result.status, result.value0, result.value1, Buffer(result.payload_take), result.error.msg};
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  if (found == tokens_.end() || found->second) {
    faults_.push_back("token " + std::to_string(token) + " was completed twice or is unknown");
    return CK_STALE;
  }
  found->second = std::move(c);
  return CK_OK;
}

std::optional<FakeHost::Completion> FakeHost::take(ck_token token) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  if (found == tokens_.end() || !found->second) return std::nullopt;
  std::optional<Completion> c = std::move(found->second);
  tokens_.erase(found);
  return c;
}

FakeHost::Completion FakeHost::wait(ck_token token) {
  std::optional<Completion> c;
  runUntil([&] { return (c = take(token)).has_value(); });
  if (!c) throw std::runtime_error("token " + std::to_string(token) + " was not completed in time");
  return std::move(*c);
}

bool FakeHost::runDue() {
  std::deque<std::pair<ck_fn, void*>> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  for (const auto& [fn, arg] : posted) fn(arg);
  std::vector<std::uint64_t> due;
  for (const auto& [id, timer] : timers_)
    if (timer.when <= now()) due.push_back(id);
  for (const std::uint64_t id : due) {
    const auto found = timers_.find(id);
    if (found == timers_.end()) continue;
    const Timer timer = found->second;
    timers_.erase(found);
    timer.fn(timer.arg);
  }
  const bool readable = callReadable();
  return !posted.empty() || !due.empty() || readable;
}

bool FakeHost::callReadable() {
  std::vector<pollfd> waits;
  for (const auto& [fd, call] : watched_) waits.push_back({fd, POLLIN, 0});
  if (::poll(waits.data(), waits.size(), 0) <= 0) return false;
  for (const pollfd& wait : waits) {
    const auto found = watched_.find(wait.fd);
    if (wait.revents == 0 || found == watched_.end()) continue;
    const auto [fn, arg] = found->second;
    fn(arg);
  }
  return true;
}

bool FakeHost::runUntil(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (runDue()) continue;
    if (std::chrono::steady_clock::now() > end) return condition();
    std::this_thread::sleep_for(std::chrono::microseconds(50));  // a poll interval, not a synchronisation
  }
  return true;
}

std::vector<std::string> FakeHost::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}
std::optional<ck_error> FakeHost::fatal() const {
  const std::lock_guard lock(mutex_);
  return fatal_;
}
std::uint64_t FakeHost::fatals() const {
  const std::lock_guard lock(mutex_);
  return fatals_;
}
std::vector<std::string> FakeHost::logged() const {
  const std::lock_guard lock(mutex_);
  return logged_;
}

}  // namespace clusterkit::contract
