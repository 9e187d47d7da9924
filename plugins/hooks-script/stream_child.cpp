#include "stream_child.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <bit>

#include "ack_line.hpp"
#include "environment.hpp"

namespace clusterkit::script {
namespace {

constexpr std::chrono::nanoseconds kStopGrace = std::chrono::milliseconds(500);

Launch launchOf(const Settings& settings) {
  return {settings.file, settings.arguments, environmentOf(settings), settings.directory,
          AckPipe::onDescriptor3};
}

}  // namespace

StreamChild::StreamChild(Host host, const Settings& settings)
    : host_(host),
      settings_(settings),
      output_(host, settings.name, settings.maxOutput),
      process_(host, launchOf(settings), output_) {
  // A new thread takes over this one's mask; signals of the process are none of its business.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread_.native_handle(), "ck-script");
}

StreamChild::~StreamChild() {
  stop();
  waitEnd();
}

void StreamChild::stop() {
  stop_ = true;
  wake_.raise();
}

bool StreamChild::accepting() const {
  const std::lock_guard lock(mutex_);
  return refusal_.empty();
}

void StreamChild::waitEnd() {
  if (thread_.joinable()) thread_.join();
}

Verdict StreamChild::deliver(const Event& event) {
  Waiter waiter{event.deadline(), std::nullopt};
  std::unique_lock lock(mutex_);
  if (!refusal_.empty()) return retry(refusal_);
  if (!waiting_.emplace(event.seq(), &waiter).second) return retry("the script has this event already");
  outbox_.append(event.json()).append("\n");
  newest_ = event.seq();
  wake_.raise();
  answered_.wait(lock, [&] { return waiter.verdict.has_value(); });
  return *std::move(waiter.verdict);
}

void StreamChild::serve() noexcept {
  try {
    run();
    reason_ = process_.exit() ? "the script ended, " + describe(*process_.exit()) : "the script hangs";
  } catch (...) {
    reason_ = currentError().msg;
  }
  refuseAll(reason_);
}

void StreamChild::run() {
  while (!process_.exit() && !(stop_ && process_.stuck())) {
    process_.step(nextDeadline(), wake_.descriptor());
    wake_.lower();
    takeOutbox();
    readAcks();
    if (stop_) {
      end(kStopGrace, "the sink is stopping");
    } else if (const auto seq = overdue()) {
      host_.log(CK_LOG_WARN, "script_hangs", {{"script", settings_.name}, {"seq", *seq}});
      end(settings_.killAfter,
          "deadline of event " + std::to_string(*seq) + " exceeded, the script is restarted");
    } else if (badInARow_ > kMostBadLines) {
      end(settings_.killAfter, "the script wrote what is no answer, it is restarted");
    }
  }
}

void StreamChild::takeOutbox() {
  const std::lock_guard lock(mutex_);
  if (outbox_.empty()) return;
  process_.send(std::exchange(outbox_, {}));
  output_.begin(newest_);
}

void StreamChild::readAcks() {
  ackLines_.feed(process_.takeAcks(), [this](const LineSplitter::Piece& piece) { onAckLine(piece); });
}

void StreamChild::onAckLine(const LineSplitter::Piece& piece) {
  const auto answer = piece.whole ? parseAckLine(piece.text) : std::nullopt;
  std::unique_lock lock(mutex_);
  const auto found = answer ? waiting_.find(answer->seq) : waiting_.end();
  if (found == waiting_.end()) {
    const bool late = !refusal_.empty();
    lock.unlock();
    if (!late) ignoreLine(piece.text);
    return;
  }
  found->second->verdict = answer->verdict;
  waiting_.erase(found);
  useful_ = true;
  badInARow_ = 0;
  answered_.notify_all();
}

void StreamChild::ignoreLine(std::string_view line) {
  ++badInARow_;
  if (!std::has_single_bit(++badLines_)) return;  // the 1st, 2nd, 4th, 8th...
  constexpr std::size_t kShown = 200;
  host_.log(CK_LOG_WARN, "script_answer_ignored",
            {{"script", settings_.name},
             {"line", line.substr(0, kShown)},
             {"ignored", badLines_},
             {"allowed", "SEQ | ok SEQ | retry SEQ [text] | reject SEQ [text], of an event that waits"}});
}

std::uint64_t StreamChild::nextDeadline() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t next = 0;
  for (const auto& [seq, waiter] : waiting_)
    if (waiter->deadline != 0 && (next == 0 || waiter->deadline < next)) next = waiter->deadline;
  return next;
}

std::optional<std::uint64_t> StreamChild::overdue() const {
  const std::lock_guard lock(mutex_);
  const std::uint64_t now = host_.now();
  for (const auto& [seq, waiter] : waiting_)
    if (waiter->deadline != 0 && waiter->deadline <= now) return seq;
  return std::nullopt;
}

void StreamChild::end(std::chrono::nanoseconds grace, const std::string& why) {
  refuseAll(why);
  process_.terminate(std::min(grace, settings_.killAfter));
}

void StreamChild::refuseAll(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (refusal_.empty()) refusal_ = why;
  for (const auto& [seq, waiter] : waiting_) waiter->verdict = retry(why);
  waiting_.clear();
  outbox_.clear();
  answered_.notify_all();
}

}  // namespace clusterkit::script
