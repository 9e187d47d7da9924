// Where ck_host.offload runs blocking work.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "host/event_loop.hpp"

namespace clusterkit {

// A few threads on one bounded queue.
class ThreadWorkers final : public Workers {
 public:
  struct Limits {
    std::size_t threads = 2;
    std::size_t queued = 1024;
  };
  ThreadWorkers();
  explicit ThreadWorkers(Limits limits);
  ~ThreadWorkers() override;
  bool tryRun(Task work) override;
  // Finishes what has begun and drops what has not; takes nothing any more. Called by the owner before what
  // the work uses ends; destruction calls it too. [ctl]
  void finish();

 private:
  void serve();

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Simulation: the work is just another task on the loop.
class LoopWorkers final : public Workers {
 public:
  explicit LoopWorkers(EventLoop& loop) : loop_(loop) {}
  bool tryRun(Task work) override {
    loop_.post(std::move(work));
    return true;
  }

 private:
  EventLoop& loop_;
};

}  // namespace clusterkit
