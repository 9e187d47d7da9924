#include "sequence_window.hpp"

#include <algorithm>

namespace clusterkit::zmq {

SequenceWindow::Verdict SequenceWindow::note(std::uint64_t incarnation, std::uint64_t sequence) {
  ++notes_;
  const auto known = std::find_if(streams_.begin(), streams_.end(), [&](const Stream& s) {
    return s.heardAt != 0 && s.incarnation == incarnation;
  });
  if (known == streams_.end()) {
    // What came before the first message that we hear is no loss: we may be the one who has restarted.
    auto oldest = std::min_element(streams_.begin(), streams_.end(),
                                   [](const Stream& a, const Stream& b) { return a.heardAt < b.heardAt; });
    *oldest = {incarnation, sequence, notes_};
    return {true, 0};
  }
  known->heardAt = notes_;
  if (sequence <= known->last) return {false, 0};
  const std::uint64_t lost = sequence - known->last - 1;
  known->last = sequence;
  return {true, lost};
}

bool SequenceWindow::knows(std::uint64_t incarnation) const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [&](const Stream& s) { return s.heardAt != 0 && s.incarnation == incarnation; });
}

}  // namespace clusterkit::zmq
