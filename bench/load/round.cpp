#include "load/round.hpp"

#include <algorithm>

namespace clusterkit::bench {

Round::Round(const Load& load)
    : load_(load),
      value_(load.valueBytes, 'v'),
      from_(Clock::now() + load.warmUp),
      end_(from_ + load.measured) {}

Request Round::draw() {
  key_ = "bench-" + std::to_string(dice_() % load_.keys);
  return {load_.work, key_, load_.work == Work::put ? std::string_view(value_) : std::string_view()};
}

void Round::answered(Clock::time_point asked) {
  const auto now = Clock::now();
  if (now >= from_) latencies_.push_back(std::chrono::duration<float, std::milli>(now - asked).count());
}

Measured Round::measured() {
  if (latencies_.empty()) throw WireError("nothing was answered within the round");
  std::sort(latencies_.begin(), latencies_.end());
  const auto at = [this](std::size_t percent) {
    return static_cast<double>(latencies_[(latencies_.size() - 1) * percent / 100]);
  };
  const double seconds = std::chrono::duration<double>(load_.measured).count();
  return {static_cast<double>(latencies_.size()) / seconds, at(50), at(99), at(100)};
}

}  // namespace clusterkit::bench
