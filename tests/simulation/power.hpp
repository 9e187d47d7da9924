// A node's power: what a node does beyond itself (a write, a message) happens only while it is on, so that a
// node can be cut off between any two of its effects, in the middle of an event.
#pragma once

#include <cstdint>

namespace clusterkit::sim {

class Power {
 public:
  // `somebodyLost` becomes true when it fails.
  explicit Power(bool& somebodyLost) : somebodyLost_(somebodyLost) {}

  bool isOn() const { return on_; }
  void cut() {
    on_ = false;
    somebodyLost_ = true;
  }
  // The power fails right before the n-th effect from now on, n from 1.
  void failBefore(std::uint64_t n) { left_ = n; }
  // One effect: false when it does not happen any more.
  bool spend() {
    if (left_ != 0 && --left_ == 0) cut();
    return on_;
  }

 private:
  bool& somebodyLost_;
  bool on_ = true;
  std::uint64_t left_ = 0;  // 0: no failure is planned
};

}  // namespace clusterkit::sim
