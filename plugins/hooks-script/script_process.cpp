#include "script_process.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

#include "process_group.hpp"

namespace clusterkit::script {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
constexpr std::size_t kMostAfterExit = 1024 * 1024;  // a pipe holds less, unless somebody still writes
constexpr std::uint64_t kStuckAfter = 2'000'000'000;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::uint64_t orNever(std::uint64_t when) { return when == 0 ? kNever : when; }

// Bytes read; 0: nothing there now. Closes `from` at its end.
std::size_t readSome(Descriptor& from, char* into, std::size_t size) {
  for (;;) {
    const auto n = ::read(from.get(), into, size);
    if (n > 0) return static_cast<std::size_t>(n);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || errno != EAGAIN) from.close();
    return 0;
  }
}

}  // namespace

ScriptProcess::ScriptProcess(Host host, const Launch& launch, OutputLog& output)
    : host_(host), output_(output), child_(launch) {}

void ScriptProcess::terminate(std::chrono::nanoseconds grace) {
  if (exit_) return;
  const std::uint64_t killAt = host_.now() + static_cast<std::uint64_t>(grace.count());
  if (!terminating()) {
    child_.signal(SIGTERM);
    child_.signal(SIGCONT);  // one that is stopped would not see it
  }
  killAt_ = terminating() ? std::min(killAt_, killAt) : killAt;
}

void ScriptProcess::escalate() {
  if (!terminating()) return;
  const std::uint64_t now = host_.now();
  if (killedAt_ == 0 && now >= killAt_) {
    child_.signal(SIGKILL);
    killedAt_ = now;
  } else if (killedAt_ != 0 && !stuck_ && now >= killedAt_ + kStuckAfter) {
    stuck_ = true;
    host_.log(CK_LOG_ERROR, "script_stuck", {{"pid", child_.pid()}, {"reason", "SIGKILL does not end it"}});
  }
}

int ScriptProcess::timeoutUntil(std::uint64_t until) const {
  std::uint64_t next = orNever(until);
  if (terminating() && killedAt_ == 0) next = std::min(next, killAt_);
  if (killedAt_ != 0 && !stuck_) next = std::min(next, killedAt_ + kStuckAfter);
  if (next == kNever) return -1;
  const std::uint64_t now = host_.now();
  if (next <= now) return 0;
  return static_cast<int>(std::min<std::uint64_t>((next - now + 999'999) / 1'000'000, 60'000));
}

void ScriptProcess::step(std::uint64_t until, int wake) {
  enum { ended, in, out, err, ack, flag, count };
  std::array<pollfd, count> set{};  // poll skips entries whose descriptor is -1
  set[ended] = {child_.pidfd(), POLLIN, 0};
  set[in] = {feed_.waiting() ? child_.input.get() : -1, POLLOUT, 0};
  set[out] = {child_.output.get(), POLLIN, 0};
  set[err] = {child_.errors.get(), POLLIN, 0};
  set[ack] = {child_.acks.get(), POLLIN, 0};
  set[flag] = {wake, POLLIN, 0};
  if (::poll(set.data(), set.size(), timeoutUntil(until)) < 0) set = {};  // EINTR: looked at again
  if (set[in].revents != 0) feed_.pump(child_.input);
  if (set[out].revents != 0) drain(child_.output, Stream::output, Drain::oneRead);
  if (set[err].revents != 0) drain(child_.errors, Stream::errors, Drain::oneRead);
  if (set[ack].revents != 0) readAcks();
  escalate();
  if (set[ended].revents == 0) return;
  if (const auto status = child_.reap()) finish(*status);
}

void ScriptProcess::drain(Descriptor& from, Stream stream, Drain how) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadSize);
  const std::size_t most = how == Drain::oneRead ? kReadSize : kMostAfterExit;
  for (std::size_t total = 0; from.open() && total < most;) {
    const std::size_t n = readSome(from, buffer.get(), kReadSize);
    if (n == 0) return;
    output_.add(stream, {buffer.get(), n});
    total += n;
    if (how == Drain::oneRead) return;
  }
}

void ScriptProcess::readAcks() {
  std::array<char, 4096> buffer;
  acks_.append(buffer.data(), readSome(child_.acks, buffer.data(), buffer.size()));
}

void ScriptProcess::finish(const ExitStatus& status) {
  clearGroup(child_.pid(), kLeftoverGrace);
  drain(child_.output, Stream::output, Drain::rest);
  drain(child_.errors, Stream::errors, Drain::rest);
  for (std::size_t before = acks_.size(); child_.acks.open() && before < kMostAfterExit;) {
    readAcks();
    if (acks_.size() == before) break;
    before = acks_.size();
  }
  output_.finish();
  child_.input.close();
  child_.output.close();
  child_.errors.close();
  child_.acks.close();
  exit_ = status;
}

}  // namespace clusterkit::script
