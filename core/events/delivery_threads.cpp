#include "events/delivery_threads.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <utility>

#include "host/current_plugin.hpp"

namespace clusterkit {
namespace {

constexpr Duration kIdlePoll = std::chrono::milliseconds(5);

}  // namespace

struct DeliveryThreads::Shared {
  struct Call {
    Work work;
    SinkPort::Answered answered;
  };
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Call> queue;
  std::size_t working = 0;
  bool closed = false;
  EventLoop* loop;  // null once closed: a late answer is nobody's
};

DeliveryThreads::DeliveryThreads(EventLoop& loop, std::uint32_t limit)
    : limit_(limit), shared_(std::make_shared<Shared>()) {
  shared_->loop = &loop;
}

DeliveryThreads::~DeliveryThreads() {
  bool allIdle = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->closed = true;
    shared_->loop = nullptr;
    shared_->queue.clear();
    allIdle = shared_->working == 0;
  }
  shared_->wake.notify_all();
  for (std::thread& thread : threads_)
    if (allIdle)
      thread.join();
    else
      thread.detach();
}

void DeliveryThreads::run(Work work, SinkPort::Answered answered) {
  std::size_t wanted = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->queue.push_back({std::move(work), std::move(answered)});
    wanted = shared_->queue.size() + shared_->working;
  }
  shared_->wake.notify_one();
  if (threads_.size() >= wanted || threads_.size() >= limit_) return;
  try {
    threads_.emplace_back(&serve, shared_);
  } catch (const std::system_error& error) {
    if (threads_.empty()) refuseQueued(error.what());  // else a thread that there is will come to it
  }
}

void DeliveryThreads::refuseQueued(const std::string& why) {
  const std::lock_guard lock(shared_->mutex);
  for (Shared::Call& call : std::exchange(shared_->queue, {}))
    shared_->loop->post(
        [answered = std::move(call.answered), text = "no thread can be made: " + why]() mutable {
          answered({Status::Retry, text, {}});
        });
}

std::size_t DeliveryThreads::busy() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->queue.size() + shared_->working;
}

void DeliveryThreads::serve(std::shared_ptr<Shared> shared) {
  useCrashStack();
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->wake.wait(lock, [&] { return shared->closed || !shared->queue.empty(); });
    if (shared->closed) return;
    Shared::Call call = std::move(shared->queue.front());
    shared->queue.pop_front();
    ++shared->working;
    lock.unlock();
    SinkAnswer answer = call.work();
    lock.lock();
    --shared->working;
    // Posted under the lock, so that the loop cannot go meanwhile.
    if (shared->loop != nullptr)
      shared->loop->post([answered = std::move(call.answered), answer = std::move(answer)]() mutable {
        answered(std::move(answer));
      });
  }
}

void awaitIdle(EventLoop& loop, const DeliveryThreads& threads, Lifetime::Watch alive, MonotonicTime deadline,
               Task done) {
  if (threads.busy() == 0 || loop.now() >= deadline) return loop.post(std::move(done));
  loop.timerAfter(kIdlePoll, [&loop, &threads, alive, deadline, d = std::move(done)]() mutable {
    if (!alive.expired()) awaitIdle(loop, threads, alive, deadline, std::move(d));
  });
}

}  // namespace clusterkit
