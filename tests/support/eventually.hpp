// Waiting for a condition with a deadline: the only way tests wait.
#pragma once

#include <chrono>
#include <thread>

namespace clusterkit::test {

using namespace std::chrono_literals;

// True as soon as `condition` holds, false when `limit` has passed without it. Looks every few milliseconds.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = 10s) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

}  // namespace clusterkit::test
