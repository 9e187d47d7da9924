// A thread that runs tasks one after the other, in the order they were given. Tasks must not throw.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace clusterkit::sqlite {

class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  ~Worker() { finish(); }

  // [any] Dropped when the worker has been told to finish.
  void push(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    if (finishing_) return;
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }

  // Runs what was pushed before, then ends the thread.
  void finish() {
    {
      const std::lock_guard lock(mutex_);
      finishing_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    pthread_setname_np(pthread_self(), "ck-snapshots");
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return finishing_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it holds goes away here, not under the lock
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool finishing_ = false;
  std::thread thread_;
};

}  // namespace clusterkit::sqlite
