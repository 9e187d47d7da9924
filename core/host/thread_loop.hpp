// The node loop on a real thread. A turn takes everything that was posted at once, so the lock is touched
// once per turn and not once per task; a thread that posts wakes the loop only when it sleeps, because waking
// an idle core costs more (50 to 500 us) than everything else a turn does. It waits for descriptors too, so
// that what a socket brings needs no thread that hands it over.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "host/descriptor_poll.hpp"
#include "host/event_loop.hpp"
#include "host/timer_queue.hpp"

namespace clusterkit {

// What the watchdog has seen. A slow task delays heartbeats, so it is always worth a log line.
struct LoopStatistics {
  std::uint64_t turns = 0;
  std::uint64_t tasks = 0;
  std::uint64_t slowTasks = 0;
  Duration longestTask{0};
};

struct ThreadLoopOptions {
  Duration slowTask = std::chrono::milliseconds(100);
  // Called on the loop after a task (with its end-of-turn work and timers) took longer than `slowTask`.
  std::function<void(Duration)> onSlowTask;
};

class ThreadLoop final : public EventLoop {
 public:
  explicit ThreadLoop(ThreadLoopOptions options = {});
  ~ThreadLoop() override;

  // Runs tasks on the calling thread until stop() was called. Once per loop.
  void run();
  // Ends run() after the present turn; tasks that have not begun are dropped. [any]
  void stop();

  void post(Task task) override;
  void atTurnEnd(Task task) override;
  TimerId timerAt(MonotonicTime when, Task task) override;
  TimerId patientTimerAt(MonotonicTime when, Duration slack, Task task) override;
  bool cancel(TimerId timer) override;
  MonotonicTime now() const override;
  WallTime wall() const override;
  void random(void* out, std::size_t bytes) override;
  bool onLoop() const override;
  DescriptorWatch* descriptors() override { return &descriptors_; }

  LoopStatistics statistics() const;  // [any]

 private:
  bool waitForWork(std::vector<Task>& batch);
  bool takePosted(std::vector<Task>& batch);
  void runTurn(std::vector<Task>& batch);
  MonotonicTime runOne(Task& task, MonotonicTime start);

  ThreadLoopOptions options_;
  std::atomic<std::thread::id> thread_{};  // none until run(): setting up before counts as being on the loop

  // Shared with posting threads.
  mutable std::mutex mutex_;
  std::vector<Task> posted_;
  bool sleeping_ = false;
  bool stopping_ = false;

  DescriptorPoll descriptors_;  // [loop], but for its wake()

  // [loop] only.
  TimerQueue timers_;
  std::vector<Task> turnEnd_;

  std::atomic<std::uint64_t> turns_{0}, tasks_{0}, slowTasks_{0};
  std::atomic<std::int64_t> longestNs_{0};
};

// A ThreadLoop with its own thread: runs from construction to destruction.
class RunningLoop {
 public:
  explicit RunningLoop(ThreadLoopOptions options = {});
  ~RunningLoop();
  RunningLoop(const RunningLoop&) = delete;
  RunningLoop& operator=(const RunningLoop&) = delete;

  ThreadLoop& loop() { return loop_; }
  // Runs the task on the loop and waits for it. Not from the loop itself.
  void call(Task task);
  // Stops and joins; nothing runs afterwards. May be called twice.
  void stop();

 private:
  ThreadLoop loop_;
  std::thread thread_;
};

}  // namespace clusterkit
