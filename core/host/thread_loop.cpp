#include "host/thread_loop.hpp"

#include <pthread.h>
#include <sys/random.h>

#include <cerrno>
#include <future>
#include <system_error>
#include <utility>

namespace clusterkit {

ThreadLoop::ThreadLoop(ThreadLoopOptions options) : options_(std::move(options)) {}
ThreadLoop::~ThreadLoop() = default;

void ThreadLoop::run() {
  // For those who look at a node with top -H.
  pthread_setname_np(pthread_self(), "ck-loop");
  thread_.store(std::this_thread::get_id());
  std::vector<Task> batch;
  while (waitForWork(batch)) {
    runTurn(batch);
    batch.clear();
  }
  batch.clear();
  turnEnd_.clear();
  timers_ = TimerQueue();
  descriptors_.clear();
  // From here on, whoever tears the node down may use what is tagged [loop].
  thread_.store(std::thread::id());
}

void ThreadLoop::stop() {
  std::vector<Task> dropped;  // destroyed outside of the lock: a task's own members may post
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(posted_);
  }
  descriptors_.wake();
}

void ThreadLoop::post(Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    posted_.push_back(std::move(task));
    wake = std::exchange(sleeping_, false);
  }
  if (wake) descriptors_.wake();
}

void ThreadLoop::atTurnEnd(Task task) { turnEnd_.push_back(std::move(task)); }

TimerId ThreadLoop::timerAt(MonotonicTime when, Task task) { return timers_.add(when, std::move(task)); }

TimerId ThreadLoop::patientTimerAt(MonotonicTime when, Duration slack, Task task) {
  return timers_.add(when, std::move(task), slack);
}

bool ThreadLoop::cancel(TimerId timer) { return timers_.cancel(timer); }

MonotonicTime ThreadLoop::now() const { return std::chrono::steady_clock::now(); }

WallTime ThreadLoop::wall() const { return std::chrono::system_clock::now(); }

void ThreadLoop::random(void* out, std::size_t bytes) {
  auto* at = static_cast<std::byte*>(out);
  while (bytes > 0) {
    const ssize_t n = ::getrandom(at, bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

bool ThreadLoop::onLoop() const {
  const std::thread::id owner = thread_.load(std::memory_order_relaxed);
  return owner == std::this_thread::get_id() || owner == std::thread::id();
}

LoopStatistics ThreadLoop::statistics() const {
  return {turns_.load(), tasks_.load(), slowTasks_.load(), Duration(longestNs_.load())};
}

// False when the loop has to end.
bool ThreadLoop::waitForWork(std::vector<Task>& batch) {
  const std::optional<MonotonicTime> due = timers_.nextWake();
  for (;;) {
    bool idle = false;
    {
      const std::lock_guard lock(mutex_);
      idle = sleeping_ = posted_.empty() && !stopping_ && turnEnd_.empty();
    }
    if (idle || descriptors_.watchesAny()) {
      const Duration forever = Duration::max();
      const Duration limit = !idle ? Duration(0) : due ? std::max(*due - now(), Duration(0)) : forever;
      descriptors_.poll(limit);
    }
    const bool goesOn = takePosted(batch);
    const bool nothing = batch.empty() && turnEnd_.empty() && !descriptors_.anyReady();
    if (!goesOn || !nothing || (due && *due <= now())) return goesOn;
  }
}

bool ThreadLoop::takePosted(std::vector<Task>& batch) {
  const std::lock_guard lock(mutex_);
  sleeping_ = false;
  posted_.swap(batch);
  return !stopping_;
}

void ThreadLoop::runTurn(std::vector<Task>& batch) {
  turns_.fetch_add(1, std::memory_order_relaxed);
  MonotonicTime before = now();
  // Timers that the fired ones set wait for the next turn, so a turn always ends. Each is taken only when it
  // fires, so that until then it can be cancelled.
  for (const TimerId timer : timers_.due(before))
    if (Task task = timers_.take(timer)) before = runOne(task, before);
  while (Task ready = descriptors_.takeReady()) before = runOne(ready, before);
  for (Task& task : batch) before = runOne(task, before);
  std::vector<Task> ending;
  ending.swap(turnEnd_);
  for (Task& task : ending) before = runOne(task, before);
}

// One clock reading per task: the end of one is the start of the next.
MonotonicTime ThreadLoop::runOne(Task& task, MonotonicTime start) {
  task();
  task.reset();
  const MonotonicTime end = now();
  const Duration took = end - start;
  tasks_.fetch_add(1, std::memory_order_relaxed);
  if (took.count() > longestNs_.load(std::memory_order_relaxed))
    longestNs_.store(took.count(), std::memory_order_relaxed);
  if (took > options_.slowTask) {
    slowTasks_.fetch_add(1, std::memory_order_relaxed);
    if (options_.onSlowTask) options_.onSlowTask(took);
  }
  return end;
}

RunningLoop::RunningLoop(ThreadLoopOptions options) : loop_(std::move(options)) {
  // Wait for the thread's own mark: before it, every thread would count as being on the loop.
  std::promise<void> running;
  loop_.post([&running] { running.set_value(); });
  thread_ = std::thread([this] { loop_.run(); });
  running.get_future().wait();
}

RunningLoop::~RunningLoop() { stop(); }

void RunningLoop::call(Task task) {
  std::promise<void> done;
  loop_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

void RunningLoop::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace clusterkit
