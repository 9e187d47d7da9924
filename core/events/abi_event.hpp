// An event as plugins see it, together with the memory it points into.
#pragma once

#include <clusterkit/sink.h>

#include <algorithm>
#include <string>

#include "events/sink_port.hpp"

namespace clusterkit {

class AbiEvent {
 public:
  explicit AbiEvent(const OutgoingEvent& out)
      : event_(out.event),
        json_(out.json),
        type_(eventType(event_->body)),
        subject_(eventSubject(event_->body)),
        raw_{sizeof(ck_event),
             out.attempt,
             event_->seq.value,
             event_->index.value,
             event_->epoch.value,
             {},
             type_.c_str(),
             subject_.c_str(),
             event_->stamp.time_since_epoch().count(),
             span(*json_),
             static_cast<std::uint64_t>(out.deadline.time_since_epoch().count())} {
    std::copy(event_->id.begin(), event_->id.end(), raw_.id);
  }
  AbiEvent(const AbiEvent&) = delete;
  AbiEvent& operator=(const AbiEvent&) = delete;

  const ck_event& raw() const { return raw_; }

 private:
  const std::shared_ptr<const ClusterEvent> event_;
  const std::shared_ptr<const std::string> json_;
  const std::string type_, subject_;
  ck_event raw_;
};

}  // namespace clusterkit
