// When the leader tells followers of a commit by a message of its own.
//
// The next append carries the commit index too. Under load it follows at once, so a message for the news
// alone would wake each follower once more per commit. News therefore waits a moment for an append; when none
// came, because whoever would write next waits for this very news, the next commits are told at once: twice
// as many each time in a row, like the back-off of a retry.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "types.hpp"

namespace clusterkit::raft {

class CommitNews {
 public:
  // A commit that followers do not know of: true when it is to wait, until due() at the latest.
  bool holdsBack(MonotonicTime now, Duration patience) {
    if (due_) return true;
    if (patience <= Duration::zero()) return false;
    if (toldAtOnce_ > 0) {
      --toldAtOnce_;
      return false;
    }
    due_ = now + patience;
    return true;
  }
  bool isHeldBack() const { return due_.has_value(); }
  std::optional<MonotonicTime> due() const { return due_; }

  // An append leaves, and carries the news.
  void carried() {
    if (!due_) return;
    due_.reset();
    inARow_ = 0;
  }
  // The wait is over; the news has to go by itself.
  void expired() {
    due_.reset();
    inARow_ = std::min(inARow_ + 1, kMostInARow);
    toldAtOnce_ = (1u << inARow_) - 1;
  }
  // Something else needs followers to know at once.
  void release() { due_.reset(); }

 private:
  static constexpr std::uint32_t kMostInARow = 10;
  std::optional<MonotonicTime> due_;
  std::uint32_t inARow_ = 0;
  std::uint32_t toldAtOnce_ = 0;
};

}  // namespace clusterkit::raft
