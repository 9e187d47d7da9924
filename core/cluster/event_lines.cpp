#include "cluster/event_lines.hpp"

#include <utility>

#include "cluster/event_json.hpp"

namespace clusterkit {

EventLines::EventLines() : EventLines(eventJson) {}

EventLines::Line EventLines::line(const ClusterEvent& event) {
  const std::lock_guard lock(mutex_);
  const bool fromLog = !std::holds_alternative<Gap>(event.body);
  if (fromLog) {
    if (Line known = remembered(event.seq)) return known;
  }
  auto made = std::make_shared<const std::string>(write_(event));
  ++written_;
  if (fromLog && made->size() <= limits_.bytes) remember(event.seq, made);
  return made;
}

std::uint64_t EventLines::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

EventLines::Line EventLines::remembered(EventSeq seq) const {
  const auto found = lines_.find(seq.value);
  return found != lines_.end() ? found->second : nullptr;
}

void EventLines::remember(EventSeq seq, Line line) {
  bytes_ += line->size();
  lines_.emplace(seq.value, std::move(line));
  order_.push_back(seq.value);
  while (bytes_ > limits_.bytes || order_.size() > limits_.count) {
    const auto oldest = lines_.find(order_.front());
    bytes_ -= oldest->second->size();
    lines_.erase(oldest);
    order_.pop_front();
  }
}

}  // namespace clusterkit
