// Threads that make blocking deliveries: at most so many as the sink may have under way, each started when it
// is first needed. A thread that never returns keeps only its own sink waiting, and outlives this object if
// it must.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "events/sink_port.hpp"
#include "host/event_loop.hpp"
#include "host/lifetime.hpp"

namespace clusterkit {

class DeliveryThreads {
 public:
  using Work = UniqueFunction<SinkAnswer()>;  // may block; must not throw

  DeliveryThreads(EventLoop& loop, std::uint32_t limit);
  // What waits is dropped unanswered. Joins the threads that are idle; one inside its work is left to itself.
  ~DeliveryThreads();
  DeliveryThreads(const DeliveryThreads&) = delete;
  DeliveryThreads& operator=(const DeliveryThreads&) = delete;

  void run(Work work, SinkPort::Answered answered);  // [loop]
  std::size_t busy() const;  // works begun and not returned, or waiting for a thread [any]

 private:
  struct Shared;
  static void serve(std::shared_ptr<Shared> shared);
  void refuseQueued(const std::string& why);

  const std::uint32_t limit_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

// Tells when nothing is under way any more, or the time is over. Not told by the answers: one is posted while
// its thread still counts as busy. [loop]; dropped untold when what `alive` watches is gone.
void awaitIdle(EventLoop& loop, const DeliveryThreads& threads, Lifetime::Watch alive, MonotonicTime deadline,
               Task done);

}  // namespace clusterkit
