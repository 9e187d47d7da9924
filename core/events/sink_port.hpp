// One hook sink as its schedule sees it. Three implementers: a plugin that blocks (simple_sink), a plugin
// that answers later (async_sink), functions of an embedding program (callback_sink). Everything [loop].
#pragma once

#include <memory>
#include <string>

#include "cluster/event.hpp"
#include "host/call_outcome.hpp"

namespace clusterkit {

// What became of one delivery.
struct SinkAnswer {
  Status status = Status::Ok;
  std::string text;       // for people; why it failed
  Duration retryAfter{};  // not earlier than this; 0: by the sink's own backoff

  // Worth another attempt. What is neither done nor this is given up at once.
  bool mayRetry() const {
    return status == Status::Retry || status == Status::Again || status == Status::Timeout ||
           status == Status::Cancelled || status == Status::Unavailable;
  }
};

struct OutgoingEvent {
  std::shared_ptr<const ClusterEvent> event;
  std::shared_ptr<const std::string> json;  // one line, without its end
  std::uint32_t attempt = 1;
  MonotonicTime deadline;
};

class SinkPort {
 public:
  using Answered = UniqueFunction<void(SinkAnswer)>;

  virtual ~SinkPort() = default;
  // Looks whether it would work, before it takes another one's place. May block; before start(), on any
  // thread. Throws PluginError.
  virtual void probe() {}
  // Throws PluginError.
  virtual void start() {}
  // Answers exactly once, on the loop, never inside this call; possibly long after the deadline.
  virtual void deliver(OutgoingEvent event, Answered answered) = 0;
  // Asks what is under way to end. Done: nothing is any more; or the time is over, and what is left behind
  // may never be destroyed under its own threads.
  virtual void stop(MonotonicTime deadline, Task done) = 0;
  // The loop's last call, after a stop: from now on it may be destroyed on any one thread, and that may
  // block.
  virtual void leaveLoop() {}
};

}  // namespace clusterkit
