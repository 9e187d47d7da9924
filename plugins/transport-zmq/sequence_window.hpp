// What has arrived from one peer on one lane: finds losses, drops what is old. Pure.
//
// A sender numbers its messages per incarnation (one per process and peer, random). A few incarnations are
// remembered at once instead of only the newest: so neither the last words of a dead process nor a stranger
// who claims the same member id can make a live sender's messages look old.
#pragma once

#include <array>
#include <cstdint>

namespace clusterkit::zmq {

class SequenceWindow {
 public:
  struct Verdict {
    bool fresh = false;      // deliver it; otherwise it is a duplicate or came out of order
    std::uint64_t lost = 0;  // messages missing directly before it
  };

  Verdict note(std::uint64_t incarnation, std::uint64_t sequence);

  // True when messages of this incarnation have been seen lately.
  bool knows(std::uint64_t incarnation) const;

 private:
  struct Stream {
    std::uint64_t incarnation = 0;
    std::uint64_t last = 0;
    std::uint64_t heardAt = 0;  // in notes, not in time
  };

  std::array<Stream, 4> streams_{};
  std::uint64_t notes_ = 0;
};

}  // namespace clusterkit::zmq
