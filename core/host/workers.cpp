#include "host/workers.hpp"

#include <utility>

namespace clusterkit {

ThreadWorkers::ThreadWorkers() : ThreadWorkers(Limits{}) {}

ThreadWorkers::ThreadWorkers(Limits limits) : limits_(limits) {
  threads_.reserve(limits_.threads);
  for (std::size_t i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { serve(); });
}

ThreadWorkers::~ThreadWorkers() { finish(); }

void ThreadWorkers::finish() {
  std::deque<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    dropped.swap(queue_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool ThreadWorkers::tryRun(Task work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= limits_.queued) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void ThreadWorkers::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Task work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work.reset();
    lock.lock();
  }
}

}  // namespace clusterkit
