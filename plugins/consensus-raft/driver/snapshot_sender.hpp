// Reads chunks of the newest snapshot for followers. One read handle serves all of them; it is closed when
// nobody needs it any more, so that the store may drop an old snapshot. [loop]
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "events.hpp"
#include "ports.hpp"
#include "ready.hpp"

namespace clusterkit::raft {

class SnapshotSender {
 public:
  using Feed = std::function<void(Event)>;

  SnapshotSender(const Ports& ports, Feed feed) : ports_(ports), feed_(std::move(feed)) {}

  void read(const SnapshotRead& request);
  // Nothing is being sent now: the handle is not needed.
  void idle();

 private:
  struct Open {
    std::uint64_t handle = 0;
    SnapshotMeta meta;
  };

  void open();
  void openForWaiting();
  void readChunk(const SnapshotRead& request);
  void close();

  Ports ports_;
  Feed feed_;
  std::optional<Open> open_;
  bool opening_ = false;
  int reading_ = 0;
  std::deque<SnapshotRead> waiting_;  // for the handle
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace clusterkit::raft
