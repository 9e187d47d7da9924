// Events that a hook sink gave up, kept for people.
#pragma once

#include <memory>
#include <string>

#include "cluster/event.hpp"
#include "events/sink_port.hpp"

namespace clusterkit {

class DeadLetters {
 public:
  struct Letter {
    std::string sink;
    std::shared_ptr<const ClusterEvent> event;
    std::shared_ptr<const std::string> json;  // the event's line
    std::uint32_t attempts = 0;
    std::string reason;
    WallTime at{};
  };
  using Kept = UniqueFunction<void(SinkAnswer)>;

  virtual ~DeadLetters() = default;

  // Ok: a crash or a loss of power loses it no more. Anything else: it may be lost, and is asked again with
  // the event's next failure. Answers once, never within the call.
  virtual void keep(Letter letter, Kept kept) = 0;
};

}  // namespace clusterkit
