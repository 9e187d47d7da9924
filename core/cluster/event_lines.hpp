// Events as text, made once and shared by all who send them: streams, long polls, hook sinks. It remembers
// the most recent ones, within a limit in bytes and in number; an event that has been forgotten is written
// anew, with the same bytes.
//
// [any] Thread-safe. A line lives as long as somebody holds it, whatever is forgotten meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "cluster/event.hpp"

namespace clusterkit {

class EventLines {
 public:
  using Line = std::shared_ptr<const std::string>;  // never null
  using Writer = std::function<std::string(const ClusterEvent&)>;
  struct Limits {
    std::size_t bytes = 4 * 1024 * 1024;
    std::size_t count = 16384;
  };

  EventLines();  // lines as eventJson() writes them
  // `write` is pure; it is called under the lock, so that no event is written twice.
  explicit EventLines(Writer write) : EventLines(std::move(write), Limits()) {}
  EventLines(Writer write, Limits limits) : write_(std::move(write)), limits_(limits) {}

  // `event` comes out of apply. A Gap does not: its number is another event's, so it is never remembered.
  Line line(const ClusterEvent& event);
  std::uint64_t written() const;  // lines made so far

 private:
  Line remembered(EventSeq seq) const;
  void remember(EventSeq seq, Line line);

  const Writer write_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Line> lines_;  // by number
  std::deque<std::uint64_t> order_;                // of being made; the first one is forgotten first
  std::size_t bytes_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace clusterkit
