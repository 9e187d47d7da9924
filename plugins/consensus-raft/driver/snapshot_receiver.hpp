// Writes the chunks of a snapshot that the leader sends, one store operation after the other. [loop]
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "events.hpp"
#include "ports.hpp"
#include "ready.hpp"

namespace clusterkit::raft {

class SnapshotReceiver {
 public:
  using Feed = std::function<void(Event)>;

  SnapshotReceiver(const Ports& ports, Feed feed) : ports_(ports), feed_(std::move(feed)) {}

  void run(std::vector<SnapshotStep> steps);

 private:
  void next();
  void begin(const BeginSnapshot& step);
  void write(const WriteSnapshot& step);
  void commit(const CommitSnapshot& step);
  void abort();
  // The operation under way has ended.
  void settle();

  Ports ports_;
  Feed feed_;
  std::deque<SnapshotStep> steps_;
  bool busy_ = false;
  std::uint64_t handle_ = 0;  // 0: none is open
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace clusterkit::raft
